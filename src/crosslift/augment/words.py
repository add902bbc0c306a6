"""Conversion between the words of a tokenized sentence and the subwords that words have inside a sentence."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.errors import DataError

Subwords = tuple[int, ...]


class Span(NamedTuple):
    """A word in a sentence, without surrounding punctuation: its tokens, its text, and its language where known."""

    start: int
    stop: int
    word: str
    language: str | None


class WordCodec:
    """Converts words to subwords and back, with a cache, because texts repeat their words."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self._texts: dict[Subwords, str] = {}
        self._subwords: dict[str, Subwords] = {}

    def spans(self, tokens: Tokens) -> list[Span]:
        """Return the words of a sentence or of a pair, in their order.

        Raises:
            DataError: the tokens have no word indices.
        """
        if tokens.words is None:
            raise DataError(
                "words cannot be replaced in tokens without word indices; use Encoder.tokenize_words, and "
                'requires = {"words"} in a method'
            )
        return [self._span(tokens, *place) for place in _runs(tokens)]

    def subwords(self, text: str) -> Subwords:
        """Return the subwords of one or more words inside a sentence; none if one of them is unknown."""
        if text not in self._subwords:
            self.prepare([text])
        return self._subwords[text]

    def prepare(self, texts: Iterable[str]) -> None:
        """Tokenize many texts at once, which is faster than one by one."""
        new = [text for text in dict.fromkeys(texts) if text not in self._subwords]
        if not new:
            return
        unknown = self.encoder.tokenizer.unk_token_id
        # After another word, because the first word of a sentence may have other subwords.
        for text, tokens in zip(new, self.encoder.tokenize_words([["a", *text.split()] for text in new]), strict=True):
            assert tokens.words is not None
            found = tuple(token for token, word in zip(tokens.ids, tokens.words, strict=True) if word > 0)
            self._subwords[text] = () if unknown in found else found

    def with_words(self, tokens: Tokens, wanted: Sequence[tuple[Span, str]]) -> Tokens:
        """Return tokens with some words replaced, where the tokenizer knows the new ones and the encoder has room."""
        self.prepare([text for _, text in wanted])
        room = self.encoder.max_length - len(tokens)
        replacements: dict[tuple[int, int], Subwords] = {}
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
            first, last = start, stop  # nothing but punctuation
        second = tokens.second_language if tokens.segments[first] else None
        return Span(first, last, self._text(tokens.ids[first:last]), second or tokens.language)

    def _is_punctuation(self, token: int) -> bool:
        text = self._text((token,))
        return bool(text) and all(unicodedata.category(character).startswith("P") for character in text)

    def _text(self, ids: Subwords) -> str:
        if ids not in self._texts:
            decoded = str(self.encoder.tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))
            # A tokenizer without a decoder leaves marks of a word's start or inside in the text.
            self._texts[ids] = "".join(decoded.removeprefix("##").lstrip("▁Ġ").split())
        return self._texts[ids]


def replaced(tokens: Tokens, replacements: Mapping[tuple[int, int], Subwords]) -> Tokens:
    """Return tokens with other subwords from start to stop, of the same word, text and language."""
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
    """Return the labels of a tagged sentence whose words were replaced: a word keeps its label, at its first subword.

    A token outside words stays, with its label.

    Args:
        labels: one per token of `before`; `ignored` except at the first subword of a word and at tokens outside words.
        before: the sentence.
        after: the sentence with other subwords for some words.
        ignored: the label of all other tokens.
    """
    kept = iter([labels[place] for place in _labelled(before)])
    starts = set(_labelled(after))
    return tuple(next(kept) if place in starts else ignored for place in range(len(after)))


def _labelled(tokens: Tokens) -> list[int]:
    """Return the first position of each word, and every position outside words."""
    assert tokens.words is not None
    outside = [place for place, word in enumerate(tokens.words) if word < 0]
    return sorted([*outside, *(start for start, _ in _runs(tokens))])


def _runs(tokens: Tokens) -> Iterator[tuple[int, int]]:
    """Yield the first position of every word, and the one past its last."""
    assert tokens.words is not None
    for (word, _), places in groupby(range(len(tokens)), key=lambda place: _key(tokens, place)):
        run = list(places)
        if word >= 0:
            yield run[0], run[-1] + 1


def _key(tokens: Tokens, place: int) -> tuple[int, int]:
    assert tokens.words is not None
    return tokens.words[place], tokens.segments[place]
