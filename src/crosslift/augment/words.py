"""The words of a tokenized sentence as text, and text as the pieces it has inside a sentence."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.errors import DataError

Pieces = tuple[int, ...]


class Span(NamedTuple):
    """Where a word stands, punctuation around it left out, what it is, and its language where that is known."""

    start: int
    stop: int
    word: str
    language: str | None


class WordPieces:
    """Both directions between words and pieces, remembered, because texts repeat their words."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self._texts: dict[Pieces, str] = {}
        self._pieces: dict[str, Pieces] = {}

    def spans(self, tokens: Tokens) -> list[Span]:
        """Return the words of a sentence or of a pair, in their order.

        Raises:
            DataError: the tokens do not say which words they belong to.
        """
        if tokens.words is None:
            raise DataError(
                "words cannot be replaced in tokens that do not know their words; use Encoder.tokenize_words, "
                'and needs = {"words"} in a method'
            )
        return [self._span(tokens, *place) for place in _runs(tokens)]

    def subwords(self, text: str) -> Pieces:
        """Return the pieces of one or more words as they stand inside a sentence; none if a part is unknown."""
        if text not in self._pieces:
            self.know([text])
        return self._pieces[text]

    def know(self, texts: Iterable[str]) -> None:
        """Find the pieces of many texts at once, which is faster than one by one."""
        new = [text for text in dict.fromkeys(texts) if text not in self._pieces]
        if not new:
            return
        unknown = self.encoder.tokenizer.unk_token_id
        # Behind another word, because the first one of a sentence may be written differently.
        for text, tokens in zip(new, self.encoder.tokenize_words([["a", *text.split()] for text in new]), strict=True):
            assert tokens.words is not None
            found = tuple(token for token, word in zip(tokens.ids, tokens.words, strict=True) if word > 0)
            self._pieces[text] = () if unknown in found else found

    def with_words(self, tokens: Tokens, wanted: Sequence[tuple[Span, str]]) -> Tokens:
        """Return tokens with other words in some places, as far as they can be written and the encoder has room."""
        self.know([text for _, text in wanted])
        room = self.encoder.max_length - len(tokens)
        replacements: dict[tuple[int, int], Pieces] = {}
        for span, text in wanted:
            subwords = self.subwords(text)
            growth = len(subwords) - (span.stop - span.start)
            if subwords and growth <= room:
                replacements[span.start, span.stop] = subwords
                room -= growth
        return replaced(tokens, replacements) if replacements else tokens

    def _span(self, tokens: Tokens, start: int, stop: int) -> Span:
        first, last = start, stop
        while last > first and self._is_punctuation(tokens.ids[last - 1]):
            last -= 1
        while first < last and self._is_punctuation(tokens.ids[first]):
            first += 1
        if not self._text(tokens.ids[first:last]):
            first, last = start, stop  # all of it is punctuation
        second = tokens.second_language if tokens.segments[first] else None
        return Span(first, last, self._text(tokens.ids[first:last]), second or tokens.language)

    def _is_punctuation(self, token: int) -> bool:
        text = self._text((token,))
        return bool(text) and all(unicodedata.category(character).startswith("P") for character in text)

    def _text(self, ids: Pieces) -> str:
        if ids not in self._texts:
            decoded = str(self.encoder.tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))
            # Marks of a word's inside or start that a tokenizer without a decoder leaves there.
            self._texts[ids] = "".join(decoded.removeprefix("##").lstrip("▁Ġ").split())
        return self._texts[ids]


def replaced(tokens: Tokens, replacements: Mapping[tuple[int, int], Pieces]) -> Tokens:
    """Return tokens with other pieces from start to stop; they belong to the same word, text and language."""
    ids, origins = list[int](), list[int]()
    position = 0
    for (start, stop), subwords in sorted(replacements.items()):
        ids += [*tokens.ids[position:start], *subwords]
        origins += [*range(position, start), *[start] * len(subwords)]
        position = stop
    ids += tokens.ids[position:]
    origins += range(position, len(tokens))
    return Tokens(
        ids=tuple(ids),
        special=tuple(tokens.special[place] for place in origins),
        segments=tuple(tokens.segments[place] for place in origins),
        words=None if tokens.words is None else tuple(tokens.words[place] for place in origins),
        language=tokens.language,
        second_language=tokens.second_language,
    )


def relabelled(labels: Sequence[int], before: Tokens, after: Tokens, *, ignored: int) -> tuple[int, ...]:
    """Return the labels of a tagged sentence whose words were replaced: a word keeps its label, at its first piece.

    A token of no word stays, and so does its label.

    Args:
        labels: one a token of `before`, `ignored` but at the first piece of a word or at a token of none.
        before: the sentence.
        after: the same words in other pieces.
        ignored: the label of all other tokens.
    """
    kept = iter([labels[place] for place in _labelled(before)])
    starts = set(_labelled(after))
    return tuple(next(kept) if place in starts else ignored for place in range(len(after)))


def _labelled(tokens: Tokens) -> list[int]:
    """Return the first place of each word, and every place that is of none."""
    assert tokens.words is not None
    outside = [place for place, word in enumerate(tokens.words) if word < 0]
    return sorted([*outside, *(start for start, _ in _runs(tokens))])


def _runs(tokens: Tokens) -> Iterator[tuple[int, int]]:
    """Yield first position and the one past the last of every word."""
    assert tokens.words is not None
    for (word, _), places in groupby(range(len(tokens)), key=lambda place: _key(tokens, place)):
        run = list(places)
        if word >= 0:
            yield run[0], run[-1] + 1


def _key(tokens: Tokens, place: int) -> tuple[int, int]:
    assert tokens.words is not None
    return tokens.words[place], tokens.segments[place]
