"""Accuracy: the percentage of examples whose prediction is the gold label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from crosslift.api.records import RecordType
from crosslift.metrics.bases.ratio import Ratio


class Accuracy(Ratio):
    """Share of correct labels."""

    record_type: ClassVar[RecordType] = "label"

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (1 if correct else 0, 1)."""
        return float(record["prediction"] == record["gold"]), 1.0
