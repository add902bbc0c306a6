"""Mining recall: the percentage of gold pairs that were mined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosslift.metrics.bases.mining import Mining


class MiningRecall(Mining):
    """Share of gold pairs that were found."""

    def score(self, total: NDArray[np.float64]) -> float:
        """Return 100 * correct / gold of a sum (parts,); 0 where there is no gold pair."""
        correct, _, gold = total
        return float(100 * correct / gold) if gold else 0.0
