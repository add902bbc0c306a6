"""Base of metrics that are a ratio of two counts, in percent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosslift.api.metric import Metric


class Ratio(Metric):
    """A metric whose statistics are (correct, total)."""

    parts = ("correct", "total")

    def score(self, total: NDArray[np.float64]) -> float:
        """Return 100 * correct / total of a sum (parts,); 0 where there is nothing to count."""
        return float(self.scores(total))

    def scores(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the same for many sums, (..., parts)."""
        correct, count = totals[..., 0], totals[..., 1]
        return 100 * correct / np.where(count > 0, count, 1)
