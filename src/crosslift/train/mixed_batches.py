"""A mixture of streams: each step takes its batch from one of them, drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.train.batches import Stream

_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Drawn:
    """An item and the index of its stream."""

    stream: int
    item: Any


def shares(sizes: Sequence[int], cap: int) -> list[float]:
    """Return the probability of each task m, r_m = min(e_m, K) / sum over tasks of min(e, K), for e examples.

    Args:
        sizes: (tasks,), number of examples e of each.
        cap: K, the largest size that counts.

    Paper: Phang et al. 2020, arXiv 2005.13013, section 2 (K = 2^17).

    >>> shares([300, 100, 900], 300)
    [0.42857142857142855, 0.14285714285714285, 0.42857142857142855]
    """
    capped = [min(size, cap) for size in sizes]
    return [size / sum(capped) for size in capped]


class Mixture:
    """Streams of which each step draws one; a pure function of (seed, step), as a stream is.

    Args:
        streams: at least one.
        probabilities: (streams,), summing to 1.
        counted: number of the first streams whose steps make up an epoch; None for all.
        marked: whether items state their stream, as `Drawn`.
        processes: number of processes that train together; all draw from the same stream in a step.
        seed: seed of the draws.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        probabilities: Sequence[float],
        *,
        seed: int,
        counted: int | None = None,
        marked: bool = True,
        processes: int = 1,
    ) -> None:
        self.streams, self.probabilities = streams, probabilities
        self.seed, self.counted, self.marked, self.processes = seed, counted, marked, processes
        self._drawn: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def batch(self, step: int) -> list[Any]:
        """Return the items of a step, all from one stream."""
        round_, process = divmod(step, self.processes)
        stream = self.stream(round_)
        earlier = int((self._drawn[:round_] == stream).sum())
        items = self.streams[stream].batch(earlier * self.processes + process)
        return [Drawn(stream, item) for item in items] if self.marked else items

    def stream(self, step: int) -> int:
        """Return the index of the stream that a step of all processes draws from."""
        while step >= len(self._drawn):
            rng = np.random.default_rng((self.seed, len(self._drawn) // _CHUNK))
            new = rng.choice(len(self.streams), size=_CHUNK, p=self.probabilities)
            self._drawn = np.concatenate([self._drawn, new])
        return int(self._drawn[step])

    def steps(self, epochs: float) -> int:
        """Return the number of steps of `epochs` epochs of the counted streams together."""
        return sum(stream.steps(epochs) for stream in self.streams[: self.counted])
