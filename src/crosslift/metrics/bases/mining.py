"""Furniture of metrics of mined pairs: a record is a sentence that has a mined partner, a gold one, or both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.api.metric import Metric


class Mining(Metric):
    """A metric of pairs: right ones, mined ones, gold ones."""

    parts = ("correct", "predicted", "gold")

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return what one record counts for; its prediction or its gold may be None."""
        predicted, gold = record["prediction"], record["gold"]
        return float(predicted is not None and predicted == gold), float(predicted is not None), float(gold is not None)
