"""Streams of training items: length buckets, token budgets, languages sampled by temperature.

A stream is a pure function of (seed, step), so nothing has to be saved to resume one.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

BUCKET_BATCHES = 50
"""Batches per length bucket: 5 % of the tokens are padding at NLI lengths, and batches stay mixed."""

Indices = NDArray[np.int64]
"""Indices of items, (items,)."""


class Batches(Protocol):
    """The source of a loop's batches: a pure function of the step."""

    def batch(self, step: int) -> list[Any]:
        """Return the items of a step, counted from 0 over all epochs."""

    def steps(self, epochs: float) -> int:
        """Return the number of steps of `epochs` epochs."""


class Stream:
    """Items, and the order in which they are drawn.

    Args:
        items: items that a method's `collate` takes.
        lengths: (items,), tokens per item.
        groups: (items,), language index of each item, for temperature sampling; None for no groups.
        batch_size: items per step.
        batch_tokens: padded tokens per step, instead of `batch_size`.
        temperature: an epoch holds n_l ** (1 / temperature) items of language l, up to a common factor; 1 takes
            every item once.
        blocks: (items,), keys; items with the same key share a batch.  A batch holds whole blocks, as many as
            `batch_size` items allow, and at least one.  None: any items may share a batch.
        seed: seed of the order.
    """

    def __init__(
        self,
        items: Sequence[Any],
        lengths: Sequence[int],
        *,
        batch_size: int,
        seed: int,
        batch_tokens: int | None = None,
        groups: Sequence[int] | None = None,
        temperature: float = 1.0,
        blocks: Sequence[Hashable] | None = None,
    ) -> None:
        self.items = items
        self.blocks = None if blocks is None else _members(blocks)
        self.lengths = np.asarray(lengths, dtype=np.int64)
        self.groups = None if groups is None else np.asarray(groups)
        self.batch_size, self.batch_tokens = batch_size, batch_tokens
        self.temperature, self.seed = temperature, seed
        self._first_step = [0]  # of each epoch planned so far, and of the one after
        self._epochs: dict[int, list[Indices]] = {}

    def batch(self, step: int) -> list[Any]:
        """Return the items of a step, counted from 0 over all epochs."""
        return [self.items[index] for index in self.indices(step)]

    def indices(self, step: int) -> Indices:
        """Return the indices of the items of a step, (batch,)."""
        epoch = 0
        while step >= self._end(epoch):
            epoch += 1
        return self._plan(epoch)[step - self._first_step[epoch]]

    def steps(self, epochs: float) -> int:
        """Return the number of steps of `epochs` epochs."""
        whole = int(epochs)
        start = self._end(whole - 1) if whole else 0
        return start + round((epochs - whole) * len(self._plan(whole))) if epochs > whole else start

    def _end(self, epoch: int) -> int:
        while len(self._first_step) <= epoch + 1:
            self._first_step.append(self._first_step[-1] + len(self._plan(len(self._first_step) - 1)))
        return self._first_step[epoch + 1]

    def _plan(self, epoch: int) -> list[Indices]:
        if epoch not in self._epochs:
            self._epochs = {epoch: self._batches(np.random.default_rng((self.seed, epoch)))}
        return self._epochs[epoch]

    def _batches(self, rng: np.random.Generator) -> list[Indices]:
        if self.blocks is not None:
            return self._block_batches(self.blocks, rng)
        order = rng.permutation(self._sample(rng))
        size = self.batch_size if self.batch_tokens is None else self._average_batch()
        bucket = size * BUCKET_BATCHES
        buckets = [order[start : start + bucket] for start in range(0, len(order), bucket)]
        batches = [batch for rows in buckets for batch in self._cut(self._by_length(rows))]
        return [batches[index] for index in rng.permutation(len(batches))]

    def _block_batches(self, blocks: Sequence[Indices], rng: np.random.Generator) -> list[Indices]:
        """Return batches of whole blocks, blocks of similar length together."""
        longest = np.array([self.lengths[block].max() for block in blocks])
        order = rng.permutation(len(blocks))
        bucket = max(1, self.batch_size * BUCKET_BATCHES * len(blocks) // max(1, len(self.items)))
        batches: list[Indices] = []
        for start in range(0, len(order), bucket):
            rows = order[start : start + bucket]
            sorted_rows = rows[np.argsort(longest[rows], kind="stable")]
            batches += _filled([blocks[row] for row in sorted_rows], self.batch_size)
        return [batches[index] for index in rng.permutation(len(batches))]

    def _sample(self, rng: np.random.Generator) -> Indices:
        everything = np.arange(len(self.items))
        if self.groups is None or self.temperature == 1.0:
            return everything
        members = [everything[self.groups == group] for group in np.unique(self.groups)]
        shares = np.array([len(rows) for rows in members]) ** (1 / self.temperature)
        counts = np.maximum(1, np.round(len(everything) * shares / shares.sum())).astype(int)
        drawn = [_cycle(rows, count, rng) for rows, count in zip(members, counts, strict=True)]
        return np.concatenate(drawn)

    def _by_length(self, rows: Indices) -> Indices:
        return rows[np.argsort(self.lengths[rows], kind="stable")]

    def _average_batch(self) -> int:
        assert self.batch_tokens is not None
        return max(1, int(self.batch_tokens / max(1.0, float(self.lengths.mean()))))

    def _cut(self, rows: Indices) -> list[Indices]:
        """Split rows, sorted by length, into batches."""
        if self.batch_tokens is None:
            return [rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size)]
        batches, start = [], 0
        for end in range(1, len(rows) + 1):
            # rows are sorted, so the next row would be the longest and decide the padded size
            if end == len(rows) or self.lengths[rows[end]] * (end + 1 - start) > self.batch_tokens:
                batches.append(rows[start:end])
                start = end
        return batches


def _cycle(rows: Indices, count: int, rng: np.random.Generator) -> Indices:
    """Return `count` of the rows: whole copies of them first, the rest drawn without replacement."""
    whole, rest = divmod(count, len(rows))
    return np.concatenate([*[rows] * whole, rng.permutation(rows)[:rest]])


def _members(blocks: Sequence[Hashable]) -> list[Indices]:
    """Return the items of each block, in the order of the blocks' first items."""
    members: dict[Hashable, list[int]] = {}
    for item, block in enumerate(blocks):
        members.setdefault(block, []).append(item)
    return [np.asarray(items, dtype=np.int64) for items in members.values()]


def _filled(blocks: Sequence[Indices], size: int) -> list[Indices]:
    """Join consecutive blocks up to `size` items; a larger block is a batch by itself."""
    batches: list[list[Indices]] = []
    count = size
    for block in blocks:
        if count + len(block) > size:
            batches.append([])
            count = 0
        batches[-1].append(block)
        count += len(block)
    return [np.concatenate(batch) for batch in batches]
