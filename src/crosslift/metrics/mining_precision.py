"""Mining precision: the percentage of mined pairs that are gold pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosslift.metrics.bases.mining import Mining


class MiningPrecision(Mining):
    """Share of mined pairs that are correct."""

    def score(self, total: NDArray[np.float64]) -> float:
        """Return 100 * correct / predicted of a sum (parts,); 0 where nothing was mined."""
        correct, predicted, _ = total
        return float(100 * correct / predicted) if predicted else 0.0
