"""Base of metrics of ranked lists: precision averaged over the ranks of the correct answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosslift.api.metric import Metric


class AveragePrecision(Metric):
    """Mean over queries of the average precision of each."""

    record_type = "ranking"
    parts = ("average precision", "queries")

    def score(self, total: NDArray[np.float64]) -> float:
        """Return 100 * average precision / queries of a sum (parts,); 0 where there is no query."""
        precision, count = total
        return float(100 * precision / count) if count else 0.0


def average_precision(ranks: Sequence[int], possible: int) -> float:
    """Return the precision at the rank of each correct answer, summed, over the number of possible ones.

    Args:
        ranks: ranks of the correct answers that were found, from 1.
        possible: the number of correct answers, or of those that the list has room for; 0 gives 0.

    >>> average_precision([1, 3], 2)
    0.8333333333333333
    """
    precisions = [found / rank for found, rank in enumerate(sorted(ranks), start=1)]
    return sum(precisions) / possible if possible else 0.0
