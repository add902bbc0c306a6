"""Bitext as arrays of type ids: both sides flat, pairs grouped into blocks of links.  Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, pairwise

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Offsets = NDArray[np.int64]

BLOCK_LINKS = 1 << 18
"""Number of possible links whose posteriors are in memory: 2 MB, which fit the CPU's cache."""
CHUNK_LINKS = 1 << 14
"""Number of possible links per chunk of a thread; sums over chunks do not depend on the number of threads."""

BUFFERED_TOKENS = 1 << 20


class Vocabulary(dict[str, int]):
    """Type ids in order of first occurrence; looking up an unknown word adds it."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        super().__init__((word, index) for index, word in enumerate(words))
        self._next = count(len(self)).__next__

    def __missing__(self, word: str) -> int:
        index = self[word] = self._next()
        return index


@dataclass(frozen=True)
class Side:
    """All sentences of one language, end to end."""

    ids: Ids
    """(tokens,): type ids."""
    offsets: Offsets
    """(sentences + 1,): the start of each sentence."""

    @property
    def lengths(self) -> Offsets:
        """(sentences,): the number of tokens of each sentence."""
        return np.diff(self.offsets)

    def slice(self, start: int, end: int) -> Side:
        """Return sentences `start` to `end`."""
        first, last = self.offsets[start], self.offsets[end]
        return Side(self.ids[first:last], self.offsets[start : end + 1] - first)


@dataclass(frozen=True)
class Corpus:
    """Sentence pairs as type ids.

    A pair with an empty side, or one that is longer than the aligner's limit, is kept with both sides empty: it keeps
    its place and gets no links.
    """

    source: Side
    target: Side
    skipped: int = 0
    """Number of pairs that are longer than the limit."""
    start: int = 0
    """Index of the first pair in the whole corpus."""
    whole: int = 0
    """Number of pairs of the whole corpus."""

    def __len__(self) -> int:
        return len(self.source.offsets) - 1

    @property
    def links(self) -> Offsets:
        """(pairs + 1,): the start of each pair's possible links, |source| x |target| of them by source word."""
        starts = np.zeros(len(self) + 1, np.int64)
        np.cumsum(self.source.lengths * self.target.lengths, out=starts[1:])
        return starts

    def slice(self, start: int, end: int) -> Corpus:
        """Return pairs `start` to `end`."""
        source, target = self.source.slice(start, end), self.target.slice(start, end)
        return Corpus(source, target, start=self.start + start, whole=self.whole)


class Reader:
    """Turns sentence pairs into a Corpus; the vocabularies grow as it reads.

    Args:
        source: the source vocabulary.
        target: the target vocabulary.
        max_length: pairs with a longer side are kept empty, and counted.
    """

    def __init__(self, source: Vocabulary, target: Vocabulary, *, max_length: int) -> None:
        self.vocabularies = (source, target)
        self.max_length = max_length

    def read(self, pairs: Iterable[tuple[Sequence[str], Sequence[str]]]) -> Corpus:
        """Return pairs of unit sequences as a Corpus."""
        sides: tuple[list[NDArray[np.int32]], ...] = ([], [])
        lengths: tuple[list[int], ...] = ([], [])
        buffers: tuple[list[int], ...] = ([], [])
        skipped = 0
        for pair in pairs:
            longest = max(map(len, pair))
            skipped += longest > self.max_length
            usable = longest <= self.max_length and all(map(len, pair))
            for units, vocabulary, buffer, length in zip(pair, self.vocabularies, buffers, lengths, strict=True):
                if usable:
                    buffer.extend(map(vocabulary.__getitem__, units))
                length.append(len(units) if usable else 0)
            if len(buffers[0]) + len(buffers[1]) > BUFFERED_TOKENS:
                _flush(buffers, sides)
        _flush(buffers, sides)
        source, target = (_side(parts, length) for parts, length in zip(sides, lengths, strict=True))
        return Corpus(source, target, skipped=skipped, whole=len(lengths[0]))


def _flush(buffers: Sequence[list[int]], sides: Sequence[list[NDArray[np.int32]]]) -> None:
    """Move token ids from Python lists into arrays, which are eight times smaller."""
    for buffer, parts in zip(buffers, sides, strict=True):
        parts.append(np.array(buffer, np.int32))
        buffer.clear()


def _side(parts: list[NDArray[np.int32]], lengths: list[int]) -> Side:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return Side(np.concatenate(parts), offsets)


def blocks(links: Offsets) -> Iterator[Offsets]:
    """Yield the chunk boundaries (pairs) of each block, in order."""
    chunks = _cuts(links, CHUNK_LINKS)
    for start, end in pairwise(_cuts(links[chunks], BLOCK_LINKS)):
        yield chunks[start : end + 1]


def _cuts(links: Offsets, size: int) -> Offsets:
    """Return boundaries between parts of about `size` links, and of at least one entry."""
    places = np.searchsorted(links, np.arange(0, int(links[-1]) + size, size), side="left")
    return np.unique(np.append(places[:-1], len(links) - 1) if links[-1] else np.array([0, len(links) - 1]))
