"""Mean average precision: how near the top all right answers are in the whole pool, in percent.

As LAReQA's scripts and retrieval papers score.  Paper: roy-etal-2020-lareqa.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.metrics.bases.average_precision import AveragePrecision, average_precision


class MeanAveragePrecision(AveragePrecision):
    """Mean average precision over all candidates."""

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (average precision, 1); a record's `ranks` are those of the right candidates, from 1."""
        return average_precision(record["ranks"], len(record["gold"])), 1.0
