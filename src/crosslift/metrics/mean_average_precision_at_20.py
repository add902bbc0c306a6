"""Mean average precision of the first 20 candidates: how near the top all right answers are, in percent.

Of a query with R right answers it is the sum of the precision at each right one of the first 20, over min(R, 20); with
one right answer, its reciprocal rank.  Paper: ruder-etal-2021-xtreme (mAP@20 of LAReQA and Mewsli-X).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.metrics.bases.average_precision import AveragePrecision, average_precision

DEPTH = 20


class MeanAveragePrecisionAt20(AveragePrecision):
    """Mean average precision, cut off at 20."""

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (average precision, 1) of a record's prediction, ids with the best first, and gold, the right ones."""
        right = set(record["gold"])
        ranks = [rank for rank, found in enumerate(record["prediction"][:DEPTH], start=1) if found in right]
        return average_precision(ranks, min(len(right), DEPTH)), 1.0
