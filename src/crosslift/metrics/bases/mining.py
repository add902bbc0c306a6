"""Base of metrics of mined pairs: a record is a sentence, its mined partner and its gold partner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.api.metric import Metric


class Mining(Metric):
    """A metric of the numbers of correct, mined and gold pairs."""

    record_type = "mining"
    parts = ("correct", "predicted", "gold")

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (1 if correct, 1 if mined, 1 if gold), each else 0."""
        predicted, gold = record["prediction"], record["gold"]
        return float(predicted is not None and predicted == gold), float(predicted is not None), float(gold is not None)
