"""Mean average precision over the whole pool of candidates, in percent: 100 if all correct answers are ranked first.

As in LAReQA's scripts and in retrieval papers.  Paper: roy-etal-2020-lareqa.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.metrics.bases.average_precision import AveragePrecision, average_precision


class MeanAveragePrecision(AveragePrecision):
    """Mean average precision over all candidates."""

    worst = None  # correct answers at the end of a small pool have some precision

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (average precision, 1), computed from the ranks of the correct candidates."""
        return average_precision(record["ranks"], len(record["gold"])), 1.0
