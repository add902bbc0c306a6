"""Where tokens stand in their text: by the tokenizer's own offsets, or found piece by piece where it has none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.encoder.tokenization import Tokenization

Places = NDArray[np.int32]
"""(tokens, 2): first character of each token, and the one past its last; blanks around it left out."""
_WORD = re.compile(r"\S+")
_AT_ONCE = 1_000
"""Texts that are tokenised together; what a tokenizer returns takes far more memory than what is kept of it."""


@dataclass(frozen=True)
class LocatedText:
    """A text's tokens, without special ones, and their places; `Tokens.words` are its blank-separated words."""

    tokens: Tokens
    places: Places

    def part(self, start: int, count: int) -> Tokens:
        """Return some of the tokens in a row."""
        own = slice(start, start + count)
        words = self.tokens.words
        return Tokens(
            ids=self.tokens.ids[own],
            special=self.tokens.special[own],
            segments=self.tokens.segments[own],
            words=None if words is None else words[own],
            language=self.tokens.language,
        )


def locate(encoder: Encoder, texts: Sequence[str], *, language: str | None = None) -> list[LocatedText]:
    """Tokenise whole texts, of which nothing is cut.

    Raises:
        LanguageError: the model has no such language.
    """
    tokenization = encoder._tokenization
    tokenization._check(language)
    way = _by_offsets if tokenization.tokenizer.is_fast else _by_pieces
    return [
        _located(text, ids, places, language)
        for start in range(0, len(texts), _AT_ONCE)
        for some in [texts[start : start + _AT_ONCE]]
        for text, (ids, places) in zip(some, way(tokenization, some, language), strict=True)
    ]


def _located(text: str, ids: Sequence[int], places: Sequence[tuple[int, int]], language: str | None) -> LocatedText:
    trimmed = np.array([_trimmed(text, *place) for place in places], dtype=np.int32).reshape(-1, 2)
    words = np.array([match.start() for match in _WORD.finditer(text)])
    numbers = np.searchsorted(words, trimmed[:, 0], side="right") - 1
    nothing = (0,) * len(ids)
    tokens = Tokens(tuple(ids), (False,) * len(ids), nothing, tuple(numbers.clip(min=0).tolist()), language)
    return LocatedText(tokens, trimmed)


def _trimmed(text: str, start: int, stop: int) -> tuple[int, int]:
    """Return a place without the blanks around it; some tokenizers count the blank before a word."""
    while start < stop and text[start].isspace():
        start += 1
    while stop > start and text[stop - 1].isspace():
        stop -= 1
    return start, stop


def _by_offsets(
    tokenization: Tokenization, texts: Sequence[str], _language: str | None
) -> Iterator[tuple[list[int], list[tuple[int, int]]]]:
    for encoding in tokenization._encode(list(texts), max_length=None, words=False):
        rows = zip(encoding.special_tokens_mask, encoding.ids, encoding.offsets, strict=True)
        own = [(token, place) for special, token, place in rows if not special]
        yield [token for token, _ in own], [place for _, place in own]


def _by_pieces(
    tokenization: Tokenization, texts: Sequence[str], language: str | None
) -> Iterator[tuple[list[int], list[tuple[int, int]]]]:
    """Tokenise word by word: pieces are as long as they are written, unless they do not add up to their word."""
    for text in texts:
        ids, places = list[int](), list[tuple[int, int]]()
        for word in _WORD.finditer(text):
            pieces = tokenization._slow_ids(word[0], language) or [tokenization.tokenizer.unk_token_id]
            ids += pieces
            lengths = [len(_written(piece)) for piece in tokenization.tokenizer.convert_ids_to_tokens(pieces)]
            ends = list(accumulate(lengths, initial=word.start()))
            places += pairwise(ends) if ends[-1] == word.end() else [word.span()] * len(pieces)
        yield ids, places


def _written(piece: str) -> str:
    """Return a piece without the marks of a word's start, inside or end."""
    return piece.replace("▁", "").removeprefix("##").removesuffix("</w>")
