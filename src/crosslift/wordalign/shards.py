"""E-steps of a corpus that outgrows one process: shards of it in Ray workers, on one machine or on a cluster.

Each worker numbers the word pairs of its own shard; only its probabilities go to it, and only its counts come back.
The M-step is done here.  Results equal those of one process up to the order of additions.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import RecipeError
from crosslift.wordalign._corpus import Corpus
from crosslift.wordalign._expectation import Distortion, Expectation, Expected, Lexical
from crosslift.wordalign._lexical import places
from crosslift.wordalign._slots import Slots, number

try:
    import ray
except ImportError as error:
    raise RecipeError("more than one worker needs Ray: pip install 'crosslift[scale]'") from error


class _Worker:
    """The E-steps of one shard."""

    def __init__(self, corpus: Corpus, source_types: int, target_types: int, threads: int) -> None:
        # Ray hands arrays over read-only; the compiled functions were made for ordinary ones.
        self.slots = number(_writable(corpus), source_types, target_types)
        self.expectation = Expectation(_writable(corpus), self.slots, threads=threads)

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the word pairs of the shard."""
        return self.slots.rows, self.slots.targets

    def run(self, model: Distortion, lexical: Lexical, decode: bool) -> Expected:
        """Return what the model expects of the shard."""
        copied = Lexical(
            lexical.table.copy(), lexical.null_source.copy(), lexical.null_target.copy(), lexical.null_probability
        )
        return self.expectation.run(model, copied, decode=decode)


class Shards:
    """E-steps over one corpus, a shard of it in each worker; used like Expectation.

    Args:
        corpus: all pairs.
        slots: the word pairs of all pairs.
        workers: processes, each with as many pairs.
        threads: of all workers together.
    """

    def __init__(self, corpus: Corpus, slots: Slots, *, workers: int, threads: int) -> None:
        if not ray.is_initialized():
            ray.init(include_dashboard=False, log_to_driver=False)
        source_types = len(slots.rows) - 1
        target_types = int(corpus.target.ids.max(initial=-1)) + 1
        edges = [len(corpus) * part // workers for part in range(workers + 1)]
        each = max(1, threads // workers)
        remote: Any = ray.remote(num_cpus=each)(_Worker)
        self._workers: list[Any] = [
            remote.remote(corpus.slice(*edge), source_types, target_types, each) for edge in pairwise(edges)
        ]
        shards = ray.get([worker.pairs.remote() for worker in self._workers])
        # Where each word pair of a shard stands among those of the whole corpus.
        self._places = [
            places(Slots(slots.stream[:0], rows.copy(), targets.copy()), slots.rows, slots.targets, target_types)
            for rows, targets in shards
        ]

    def run(self, model: Distortion, lexical: Lexical, *, decode: bool = False) -> Expected:
        """Return what `model` expects; with `decode`, its choice of links too."""
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
