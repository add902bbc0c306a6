"""A hidden Markov model of word alignment, trained to agree in both directions.

The source word of a target word depends on that of the previous word through the distance between the two (Vogel,
Ney & Tillmann 1996, "HMM-Based Word Alignment in Statistical Translation", equation 3); a target word without a link
stays where the last one was (Och & Ney 2003, section 2.1.2).  Both directions are trained at once on the product of
their posteriors, so that each learns from links that the other one predicts too (Liang, Taskar & Klein 2006,
"Alignment by Agreement", section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.wordalign.corpus import Corpus, Offsets
from crosslift.wordalign.expectation import Block, Lexical
from crosslift.wordalign.kernels import hmm as kernels
from crosslift.wordalign.kernels.hmm import REACH

SAMPLED_PAIRS = 20_000
"""Approximate number of pairs in which jumps are counted: counting them in all pairs would add half to the time."""
JUMP_PRIOR = 1.0
"""Pseudo-count of each jump."""


@dataclass(frozen=True)
class Jumps:
    """Probabilities of jumps -REACH to REACH, and of the first position 0 to REACH, forward and reverse.

    Args:
        steps: (2, 2 * REACH + 1).
        starts: (2, REACH + 1).
        agreement: count the product of both directions' posteriors instead of each direction's posterior.
    """

    steps: NDArray[np.float64]
    starts: NDArray[np.float64]
    agreement: bool = True

    @classmethod
    def initial(cls, *, agreement: bool = True) -> Jumps:
        """Return initial probabilities that favour the next word."""
        steps = np.exp(-0.3 * np.abs(np.arange(-REACH, REACH + 1)))
        steps[REACH + 1] *= 2
        starts = np.exp(-0.3 * np.arange(REACH + 1))
        return cls(np.stack([steps, steps]), np.stack([starts, starts]), agreement)

    @property
    def channels(self) -> int:
        """Number of posteriors per link: one shared by both directions, or one for each."""
        return 1 if self.agreement else 2

    @property
    def statistics(self) -> int:
        """Expected jumps and first positions, forward and reverse."""
        return self.steps.size + self.starts.size

    def tables(self, corpus: Corpus) -> tuple[Any, ...]:
        """Return the tables that the blocks of a pass share: normalized jump probabilities by sentence length."""
        sides = (corpus.source, corpus.target)
        made = [_tables(np.unique(side.lengths), self.steps[index]) for index, side in enumerate(sides)]
        return (
            *made[0],
            *made[1],
            self.starts.astype(np.float32),
            corpus.start,
            max(1, corpus.whole // SAMPLED_PAIRS),
            self.agreement,
        )

    def expect(self, block: Block, lexical: Lexical, tables: tuple[Any, ...]) -> None:
        """Fill the posteriors and statistics of a block."""
        kernels.expect(*block.arguments, *lexical.arguments, *tables)

    def updated(self, statistics: NDArray[np.float64], corpus: Corpus) -> Jumps:
        """Return the expected jumps, from the `statistics` (jumps and first positions,) of a pass."""
        del corpus
        counts = statistics + JUMP_PRIOR
        steps = counts[: self.steps.size].reshape(self.steps.shape)
        starts = counts[self.steps.size :].reshape(self.starts.shape)
        return Jumps(steps / steps.sum(1, keepdims=True), starts / starts.sum(1, keepdims=True), self.agreement)


def _tables(lengths: Offsets, steps: NDArray[np.float64]) -> tuple[NDArray[np.float32], Offsets]:
    """Return the (length, length) jump probabilities of each length, end to end, and the start of each.

    Rows are padded with zeros to a multiple of four, because four are read at a time.
    """
    lengths = lengths[lengths > 0]
    starts = np.zeros(int(lengths.max(initial=0)) + 1, np.int64)
    starts[lengths] = np.cumsum(lengths * (lengths + 3)) - lengths * (lengths + 3)
    return kernels.tables(lengths, starts, steps, int((lengths * (lengths + 3)).sum())), starts
