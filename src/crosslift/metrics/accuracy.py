"""Accuracy: the percentage of examples whose prediction is the gold label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.metrics.bases.ratio import Ratio


class Accuracy(Ratio):
    """Share of right labels."""

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (1 if right, 1)."""
        return float(record["prediction"] == record["gold"]), 1.0
