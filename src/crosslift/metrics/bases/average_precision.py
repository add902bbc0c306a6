"""Furniture of metrics of ranked lists: precision averaged over the ranks of right answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.api.metric import Metric


class AveragePrecision(Metric):
    """A mean over queries of the average precision of each."""

    parts = ("average precision", "queries")

    def score(self, total: NDArray[np.float64]) -> float:
        """Return 100 * sum of average precisions / queries; 0 where there is no query."""
        precision, count = total
        return float(100 * precision / count) if count else 0.0


def average_precision(ranks: Sequence[int], possible: int) -> float:
    """Return the sum of the precision at the rank of each right answer over how many there could be.

    Args:
        ranks: of the right answers that were found, from 1.
        possible: right answers that there are, or that the list has room for; 0 gives 0.

    >>> average_precision([1, 3], 2)
    0.8333333333333333
    """
    precisions = [found / rank for found, rank in enumerate(sorted(ranks), start=1)]
    return sum(precisions) / possible if possible else 0.0
