"""The special tokens around a text or a pair of texts, and the truncation that they require."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from crosslift.encoder.inputs import Tokens


@dataclass(frozen=True)
class Content:
    """The tokens of a text without special ones, and the index of each token's word, if known."""

    ids: tuple[int, ...]
    words: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def cut(self, length: int) -> Content:
        """Return the first `length` tokens."""
        return Content(self.ids[:length], self.words and self.words[:length])

    @classmethod
    def of(cls, tokens: Tokens) -> Content:
        """Return the content of a tokenized text."""
        places = [place for place, special in enumerate(tokens.special) if not special]
        words = tokens.words
        return cls(
            tuple(tokens.ids[place] for place in places),
            None if words is None else tuple(words[place] for place in places),
        )


@dataclass(frozen=True)
class SpecialTokens:
    """The special tokens of a tokenizer, in one language, and the token types of a pair.

    ``prefix text single_suffix``; ``prefix first middle second suffix``.
    """

    prefix: tuple[int, ...]
    middle: tuple[int, ...]
    suffix: tuple[int, ...]
    single_suffix: tuple[int, ...]
    types: tuple[int, int, int, int, int]
    """Token types of prefix, first, middle, second, suffix."""

    @property
    def count_in_pair(self) -> int:
        """Number of special tokens in a pair."""
        return len(self.prefix) + len(self.middle) + len(self.suffix)

    def around(self, text: Content, *, max_length: int | None, language: str | None) -> Tokens:
        """Return a text with its special tokens, cut to `max_length`."""
        room = _room(max_length, len(self.prefix) + len(self.single_suffix), len(text))
        parts = [Content(self.prefix), text.cut(room), Content(self.single_suffix)]
        return _assembled(parts, (True, False, True), (0, 0, 0), language)

    def around_pair(self, first: Content, second: Content, *, max_length: int | None, language: str | None) -> Tokens:
        """Return a pair with its special tokens, cut to `max_length`, the longer text first."""
        room = _room(max_length, self.count_in_pair, len(first) + len(second))
        one, two = longest_first(len(first), len(second), room)
        parts = [
            Content(self.prefix),
            first.cut(one),
            Content(self.middle),
            second.cut(two),
            Content(self.suffix),
        ]
        types = self.types if any(self.types) else (0, 0, 0, 1, 1)
        return _assembled(parts, (True, False, True, False, True), types, language)

    @classmethod
    def of_fast(cls, pair: Any, single: Any) -> SpecialTokens:
        """Return those of a fast tokenizer, from its encodings of a pair and of a single text."""
        first, second = (_span(pair.sequence_ids, text) for text in (0, 1))
        _, end = _span(single.sequence_ids, 0)
        ids, cuts = tuple(pair.ids), (0, *first, *second, len(pair.ids))
        prefix, _, middle, _, suffix = (ids[start:stop] for start, stop in pairwise(cuts))
        types = tuple(pair.type_ids[min(start, len(ids) - 1)] for start in cuts[:-1])
        return cls(prefix, middle, suffix, tuple(single.ids[end:]), types)

    @classmethod
    def of_slow(cls, tokenizer: Any) -> SpecialTokens:
        """Return those of a slow tokenizer."""
        ordinary = next(_ordinary_ids(tokenizer))
        single = tokenizer.build_inputs_with_special_tokens([ordinary])
        pair = tokenizer.build_inputs_with_special_tokens([ordinary], [ordinary])
        types = tokenizer.create_token_type_ids_from_sequences([ordinary], [ordinary])
        first = pair.index(ordinary)
        second = pair.index(ordinary, first + 1)
        starts = (0, first, first + 1, second, second + 1)
        return cls(
            tuple(pair[:first]),
            tuple(pair[first + 1 : second]),
            tuple(pair[second + 1 :]),
            tuple(single[single.index(ordinary) + 1 :]),
            tuple(types[min(start, len(types) - 1)] for start in starts),
        )


def longest_first(first: int, second: int, room: int) -> tuple[int, int]:
    """Return how many tokens of each text are kept when both must fit in `room`.

    The longer one is cut until both are equally long; then both are cut.

    >>> longest_first(10, 3, 9), longest_first(10, 8, 9), longest_first(3, 2, 9)
    ((6, 3), (5, 4), (3, 2))
    """
    if first + second <= room:
        return first, second
    short = min(first, second, room // 2)
    long = room - short
    return (long, short) if first > second else (short, long)


def _room(max_length: int | None, added: int, wanted: int) -> int:
    return wanted if max_length is None else max(0, max_length - added)


def _assembled(parts: Sequence[Content], special: Sequence[bool], types: Sequence[int], language: str | None) -> Tokens:
    has_words = any(part.words is not None for part in parts)
    words = tuple(word for part in parts for word in (part.words or (-1,) * len(part)))
    return Tokens(
        ids=tuple(token for part in parts for token in part.ids),
        special=tuple(flag for part, flag in zip(parts, special, strict=True) for _ in part.ids),
        segments=tuple(token_type for part, token_type in zip(parts, types, strict=True) for _ in part.ids),
        words=words if has_words else None,
        language=language,
    )


def _span(sequences: Sequence[int | None], text: int) -> tuple[int, int]:
    places = [place for place, sequence in enumerate(sequences) if sequence == text]
    return places[0], places[-1] + 1


def _ordinary_ids(tokenizer: Any) -> Iterator[int]:
    special = set(tokenizer.all_special_ids)
    return (token for token in range(len(tokenizer)) if token not in special)
