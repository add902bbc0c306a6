"""E-steps of a corpus too large for one process: its shards in Ray workers, on one machine or on a cluster.

Each worker numbers the word pairs of its shard; it receives only their probabilities, and returns only their counts.
The M-step is done here.  Results equal those of one process up to the order of additions.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import RecipeError
from crosslift.wordalign.corpus import Corpus
from crosslift.wordalign.expectation import Distortion, Expectation, Expected, Lexical
from crosslift.wordalign.lexical import places
from crosslift.wordalign.slots import Slots, number

try:
    import ray
except ImportError as error:
    raise RecipeError("more than one worker needs Ray: pip install 'crosslift[scale]'") from error


class _Worker:
    """The E-steps of one shard."""

    def __init__(self, corpus: Corpus, source_types: int, target_types: int, threads: int) -> None:
        # Ray passes read-only arrays, for which the functions are not compiled.
        self.slots = number(_writable(corpus), source_types, target_types)
        self.expectation = Expectation(_writable(corpus), self.slots, threads=threads)

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the word pairs of the shard, `Slots.rows` (source types + 1,) and `Slots.targets` (slots,)."""
        return self.slots.rows, self.slots.targets

    def run(self, model: Distortion, lexical: Lexical, decode: bool) -> Expected:
        """Return the model's expectations for the shard."""
        copied = Lexical(
            lexical.table.copy(), lexical.null_source.copy(), lexical.null_target.copy(), lexical.null_probability
        )
        return self.expectation.run(model, copied, decode=decode)


class Shards:
    """E-steps over one corpus, with one shard per worker; used like Expectation.

    Args:
        corpus: all pairs.
        types: number of source types and of target types.
        workers: number of processes, with equal numbers of pairs; at most one per pair.
        threads: number of threads of all workers together.

    Raises:
        RecipeError: Ray has fewer CPUs than the workers need.
    """

    def __init__(self, corpus: Corpus, types: tuple[int, int], *, workers: int, threads: int) -> None:
        if not ray.is_initialized():
            ray.init(include_dashboard=False, log_to_driver=False)
        workers = max(1, min(workers, len(corpus)))
        each = max(1, threads // workers)
        _check_room(workers, each)
        edges = [len(corpus) * part // workers for part in range(workers + 1)]
        remote: Any = ray.remote(num_cpus=each)(_Worker)
        self._workers: list[Any] = [remote.remote(corpus.slice(*edge), *types, each) for edge in pairwise(edges)]
        parts = ray.get([worker.pairs.remote() for worker in self._workers])
        self.slots = _union([(rows.copy(), targets.copy()) for rows, targets in parts])
        """The word pairs of all shards, without a stream: that of the whole corpus is never in memory."""
        # The place of each word pair of a shard among those of the whole corpus.
        self._places = [
            places(Slots(self.slots.stream, rows.copy(), targets.copy()), self.slots.rows, self.slots.targets, types[1])
            for rows, targets in parts
        ]

    def run(self, model: Distortion, lexical: Lexical, *, decode: bool = False) -> Expected:
        """Return the expectations of `model`; with `decode`, also its choice of links."""
        parts = [
            worker.run.remote(
                model,
                Lexical(lexical.table[place], lexical.null_source, lexical.null_target, lexical.null_probability),
                decode,
            )
            for worker, place in zip(self._workers, self._places, strict=True)
        ]
        return self._merged(ray.get(parts), model, len(lexical.table))

    def _merged(self, parts: list[Expected], model: Distortion, slots: int) -> Expected:
        counts = np.zeros((slots, model.channels), np.float32)
        for part, place in zip(parts, self._places, strict=True):
            counts[place] += part.counts
        summed: dict[str, Any] = {
            name: sum(getattr(part, name) for part in parts) for name in ("null_source", "null_target", "statistics")
        }
        joined = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("likelihood", "forward", "reverse")
        }
        return Expected(counts, **summed, **joined)


def _writable(corpus: Corpus) -> Corpus:
    sides = [type(side)(side.ids.copy(), side.offsets.copy()) for side in (corpus.source, corpus.target)]
    return Corpus(sides[0], sides[1], start=corpus.start, whole=corpus.whole)


def _union(parts: list[tuple[NDArray[np.int64], NDArray[np.int32]]]) -> Slots:
    """Return the word pairs of all parts, by source type."""
    keys = [np.repeat(np.arange(len(rows) - 1), np.diff(rows)) << 32 | targets for rows, targets in parts]
    union = np.unique(np.concatenate(keys))
    rows = np.searchsorted(union >> 32, np.arange(len(parts[0][0])))
    return Slots(np.empty(0, np.int32), rows, (union & 0xFFFFFFFF).astype(np.int32))


def _check_room(workers: int, threads: int) -> None:
    """Raise if Ray cannot place the workers, for which it would wait forever."""
    there = int(ray.cluster_resources().get("CPU", 0))
    if workers * threads > there:
        raise RecipeError(
            f"workers: {workers} with {threads} threads each need {workers * threads} CPUs; Ray has {there}"
        )
