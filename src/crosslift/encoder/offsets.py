"""Character offsets of tokens: those of a fast tokenizer, or computed subword by subword for a slow one."""

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
"""(tokens, 2): first character of each token, and the one past its last, without surrounding white space."""


_WORD = re.compile(r"\S+")


_CHUNK = 1_000
"""Number of texts tokenized at a time; a tokenizer's encodings take far more memory than what is kept of them."""


@dataclass(frozen=True)
class LocatedText:
    """A text's tokens, without special ones, and their places; `Tokens.words` are words separated by white space."""

    tokens: Tokens
    places: Places

    def part(self, start: int, count: int) -> Tokens:
        """Return `count` consecutive tokens from `start` on."""
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
    """Tokenize whole texts without truncation.

    Raises:
        LanguageError: the model has no such language.
    """
    tokenization = encoder.tokenization
    tokenization.set_language(language)
    find = _by_offsets if tokenization.tokenizer.is_fast else by_subwords
    return [
        _located(text, ids, places, language)
        for start in range(0, len(texts), _CHUNK)
        for chunk in [texts[start : start + _CHUNK]]
        for text, (ids, places) in zip(chunk, find(tokenization, chunk, language), strict=True)
    ]


def _located(text: str, ids: Sequence[int], places: Sequence[tuple[int, int]], language: str | None) -> LocatedText:
    trimmed = np.array([_trimmed(text, *place) for place in places], dtype=np.int32).reshape(-1, 2)
    words = np.array([match.start() for match in _WORD.finditer(text)])
    numbers = np.searchsorted(words, trimmed[:, 0], side="right") - 1
    nothing = (0,) * len(ids)
    tokens = Tokens(tuple(ids), (False,) * len(ids), nothing, tuple(numbers.clip(min=0).tolist()), language)
    return LocatedText(tokens, trimmed)


def _trimmed(text: str, start: int, stop: int) -> tuple[int, int]:
    """Return a place without surrounding white space; some tokenizers include the space before a word."""
    while start < stop and text[start].isspace():
        start += 1
    while stop > start and text[stop - 1].isspace():
        stop -= 1
    return start, stop


def _by_offsets(
    tokenization: Tokenization, texts: Sequence[str], _language: str | None
) -> Iterator[tuple[list[int], list[tuple[int, int]]]]:
    for encoding in tokenization.encode(list(texts), max_length=None, words=False):
        rows = zip(encoding.special_tokens_mask, encoding.ids, encoding.offsets, strict=True)
        own = [(token, place) for special, token, place in rows if not special]
        yield [token for token, _ in own], [place for _, place in own]


def by_subwords(
    tokenization: Tokenization, texts: Sequence[str], language: str | None
) -> Iterator[tuple[list[int], list[tuple[int, int]]]]:
    """Tokenize word by word: a subword is as long as its spelling, unless the lengths do not add up to the word's."""
    for text in texts:
        ids, places = list[int](), list[tuple[int, int]]()
        for word in _WORD.finditer(text):
            subwords = tokenization.slow_ids(word[0], language) or [tokenization.tokenizer.unk_token_id]
            ids += subwords
            spelled = tokenization.tokenizer.convert_ids_to_tokens(subwords)
            ends = list(accumulate((len(_without_marks(subword)) for subword in spelled), initial=word.start()))
            places += pairwise(ends) if ends[-1] == word.end() else [word.span()] * len(subwords)
        yield ids, places


def _without_marks(subword: str) -> str:
    """Return a subword without the marks of a word's start, inside or end."""
    return subword.replace("▁", "").removeprefix("##").removesuffix("</w>")
