"""Mean average precision of the first 20 candidates, in percent.

For a query with R correct answers: the precision at each correct one among the first 20, summed, over min(R, 20).  With
one correct answer it is the reciprocal rank.  Paper: ruder-etal-2021-xtreme (mAP@20 of LAReQA and Mewsli-X).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.metrics.bases.average_precision import AveragePrecision, average_precision

DEPTH = 20


class MeanAveragePrecisionAt20(AveragePrecision):
    """Mean average precision, cut off at 20."""

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (average precision, 1)."""
        right = set(record["gold"])
        ranks = [rank for rank, found in enumerate(record["prediction"][:DEPTH], start=1) if found in right]
        return average_precision(ranks, min(len(right), DEPTH)), 1.0
