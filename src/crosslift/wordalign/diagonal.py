"""The fast_align model: IBM Model 2 with a single parameter, which pulls links toward the diagonal.

Source word i of I emits target word j of J with weight ``exp(-tension * |i / I - j / J|)``, and the empty word emits it
with a fixed probability.  Source: Dyer, Chahuneau & Smith 2013, "A Simple, Fast, and Effective Reparameterization of
IBM Model 2", equations 1 to 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.wordalign.corpus import Corpus, Offsets
from crosslift.wordalign.expectation import Block, Lexical
from crosslift.wordalign.kernels import diagonal as kernels

GRADIENT_STEPS, GRADIENT_RATE = 8, 20.0


TENSION_RANGE = (0.1, 14.0)


@dataclass(frozen=True)
class Diagonal:
    """The strength of the pull toward the diagonal, forward and reverse.

    The observed distance is measured from the previous word, ``j - 1``, as in the published program and unlike in the
    paper: this keeps the tension from growing needlessly, and lowers alignment error rates.
    """

    tensions: tuple[float, float] = (4.0, 4.0)
    channels = 2
    """Number of posteriors per link: one for each direction."""
    statistics = 2
    """Expected distance from the diagonal, forward and reverse."""

    def tables(self, corpus: Corpus) -> tuple[Any, ...]:
        """Return the tables that the blocks of a pass share: the pull by sentence length and position."""
        longest = max(int(side.lengths.max(initial=0)) for side in (corpus.source, corpus.target))
        return (_growth(longest, *self.tensions),)

    def expect(self, block: Block, lexical: Lexical, tables: tuple[Any, ...]) -> None:
        """Fill the posteriors and statistics of a block."""
        kernels.expect(*block.arguments, *lexical.arguments, *tables)

    def updated(self, statistics: NDArray[np.float64], corpus: Corpus) -> Diagonal:
        """Return the model whose expected distance is closer to the observed one, `statistics` (2,)."""
        widest = int(corpus.target.lengths.max()) + 1
        pairs, counts = np.unique(corpus.source.lengths * widest + corpus.target.lengths, return_counts=True)
        sources, targets = np.divmod(pairs, widest)
        forward = tension(self.tensions[0], float(statistics[0]), sources, targets, counts)
        reverse = tension(self.tensions[1], float(statistics[1]), targets, sources, counts)
        return Diagonal((forward, reverse))


def _growth(longest: int, forward: float, reverse: float) -> NDArray[np.float32]:
    """Return exp(tension * position / length), (2, length and position), flat over the lower triangle."""
    lengths = np.repeat(np.arange(1, longest + 1), np.arange(1, longest + 1))
    starts = lengths * (lengths - 1) // 2
    place = (np.arange(len(lengths)) - starts + 1) / lengths
    return np.exp(np.stack([forward * place, reverse * place])).astype(np.float32)


def tension(tension: float, far: float, sources: Offsets, targets: Offsets, counts: Offsets) -> float:
    """Return the tension after a few steps of gradient ascent, for links with the total distance `far`."""
    tokens = int((targets * counts).sum())
    for _ in range(GRADIENT_STEPS):
        expected = kernels.expected_distance(tension, sources, targets, counts)
        tension = float(np.clip(tension + GRADIENT_RATE * (expected - far) / tokens, *TENSION_RANGE))
    return tension
