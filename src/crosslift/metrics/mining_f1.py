"""Mining F1: the harmonic mean of the precision and recall of mined pairs, in percent.

XTREME's `bucc_f1`: a pair is correct if both ids are those of a gold pair.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosslift.metrics.bases.mining import Mining


class MiningF1(Mining):
    """F1 of mined pairs."""

    def score(self, total: NDArray[np.float64]) -> float:
        """Return 200 * correct / (predicted + gold) of a sum (parts,); 0 where there is neither."""
        correct, predicted, gold = total
        return float(200 * correct / (predicted + gold)) if predicted + gold else 0.0
