"""The E-step: a model's expectations for a corpus, block by block; the result does not depend on the number of threads.

Threads first compute the posteriors of a block, each for its own pairs; then each sums the counts of its own source
words, in the order of the corpus.  So no count is split between threads, and no sum depends on their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numba
import numpy as np
from numpy.typing import NDArray

from crosslift.wordalign.corpus import Corpus, Ids, Offsets, blocks
from crosslift.wordalign.kernels import expectation as kernels
from crosslift.wordalign.slots import Slots


@dataclass(frozen=True)
class Lexical:
    """Translation probabilities of the slots of a corpus.

    Args:
        table: (slots, 2): p(target | source) and p(source | target).
        null_source: (source types,): p(source | empty word).
        null_target: (target types,): p(target | empty word).
        null_probability: probability that a word has no link.
    """

    table: NDArray[np.float32]
    null_source: NDArray[np.float32]
    null_target: NDArray[np.float32]
    null_probability: float

    @property
    def arguments(self) -> tuple[Any, ...]:
        """All fields but the table, for a compiled function."""
        return self.null_source, self.null_target, np.float32(self.null_probability)


@dataclass(frozen=True)
class Expected:
    """The result of an E-step.

    Args:
        counts: (slots, channels) expected links.
        null_source: (source types,) expected number of tokens without a link.
        null_target: (target types,), likewise.
        statistics: the sums that the distortion model needs.
        likelihood: (pairs, 2) log-likelihood, forward and reverse.
        forward: (target tokens,) most probable source word of each target word, or -1; empty unless requested.
        reverse: (source tokens,) most probable target word of each source word, or -1.
    """

    counts: NDArray[np.float32]
    null_source: NDArray[np.float64]
    null_target: NDArray[np.float64]
    statistics: NDArray[np.float64]
    likelihood: NDArray[np.float32]
    forward: Ids
    reverse: Ids


class Distortion(Protocol):
    """The distribution of link positions, in which the models differ."""

    @property
    def channels(self) -> int:
        """Number of posteriors per link."""

    @property
    def statistics(self) -> int:
        """Number of sums needed to update the model."""

    def tables(self, corpus: Corpus) -> tuple[Any, ...]:
        """Return the tables that the blocks of a pass share."""

    def expect(self, block: Block, lexical: Lexical, tables: tuple[Any, ...]) -> None:
        """Fill the posteriors and statistics of a block."""

    def updated(self, statistics: NDArray[np.float64], corpus: Corpus) -> Distortion:
        """Return the model after an M-step on the `statistics` (sums,) of a pass."""


@dataclass(frozen=True)
class Block:
    """Pairs whose posteriors are in memory together, as arrays for a compiled function."""

    arguments: tuple[Any, ...]


class Expectation:
    """E-steps over one corpus."""

    def __init__(self, corpus: Corpus, slots: Slots, *, threads: int) -> None:
        self.corpus, self.slots, self.threads = corpus, slots, threads
        self._links = corpus.links
        self._blocks = list(blocks(self._links))
        # Assigned by frequency, so that all threads have equal shares of frequent and of rare words.
        frequencies = np.bincount(corpus.source.ids, minlength=len(slots.rows) - 1)
        self._owners = np.empty(len(frequencies), np.int32)
        self._owners[np.argsort(-frequencies, kind="stable")] = np.arange(len(frequencies)) % threads

    def run(self, model: Distortion, lexical: Lexical, *, decode: bool = False) -> Expected:
        """Return the expectations of `model`; with `decode`, also its choice of links."""
        numba.set_num_threads(self.threads)
        expected = self._nothing(model, lexical, decode)
        buffers = self._buffers(model)
        tables = model.tables(self.corpus)
        for chunks in self._blocks:
            self._block(chunks, model, lexical, tables, buffers, expected)
        return expected

    def _block(
        self,
        chunks: Offsets,
        model: Distortion,
        lexical: Lexical,
        tables: tuple[Any, ...],
        buffers: tuple[Any, ...],
        expected: Expected,
    ) -> None:
        source, target = self.corpus.source, self.corpus.target
        posteriors, null_source, null_target, statistics = buffers
        stream = self.slots.stream[self._links[chunks[0]] : self._links[chunks[-1]]]
        kernels.fetch(self._links[chunks] - self._links[chunks[0]], stream, lexical.table, posteriors)
        block = Block((
            chunks, self._links, source.ids, source.offsets, target.ids, target.offsets, *buffers, expected.likelihood,
            expected.forward, expected.reverse, len(expected.forward) > 0,
        ))  # fmt: skip
        model.expect(block, lexical, tables)
        kernels.count(
            chunks[0], chunks[-1], source.ids, source.offsets, target.offsets, stream, posteriors, self._owners,
            self.threads, expected.counts,
        )  # fmt: skip
        for side, values, sums in (
            (source, null_source, expected.null_source),
            (target, null_target, expected.null_target),
        ):
            kernels.add_tokens(side.ids[side.offsets[chunks[0]] : side.offsets[chunks[-1]]], values, sums)
        expected.statistics[:] += statistics[: len(chunks) - 1].sum(axis=0)

    def _nothing(self, model: Distortion, lexical: Lexical, decode: bool) -> Expected:
        source, target = self.corpus.source.ids, self.corpus.target.ids
        return Expected(
            np.zeros((len(self.slots), model.channels), np.float32),
            np.zeros(len(lexical.null_source)),
            np.zeros(len(lexical.null_target)),
            np.zeros(model.statistics),
            np.zeros((len(self.corpus), 2), np.float32),
            np.full(len(target) if decode else 0, -1, np.int32),
            np.full(len(source) if decode else 0, -1, np.int32),
        )

    def _buffers(self, model: Distortion) -> tuple[Any, ...]:
        """Return buffers for one block: posteriors of links and of both sides' empty words, and statistics by chunk."""
        edges = [(chunks[0], chunks[-1]) for chunks in self._blocks]
        offsets = (self._links, self.corpus.source.offsets, self.corpus.target.offsets)
        links, source, target = (max(int(some[last] - some[first]) for first, last in edges) for some in offsets)
        return (
            np.empty((2, links), np.float32),
            np.empty(source, np.float32),
            np.empty(target, np.float32),
            np.zeros((max(map(len, self._blocks)), model.statistics)),
        )
