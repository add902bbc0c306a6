"""Intent accuracy: the percentage of utterances with the correct intent, whatever their slots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.metrics.bases.intent_slot import intents
from crosslift.metrics.bases.ratio import Ratio


class IntentAccuracy(Ratio):
    """Share of correct intents."""

    record_type = "intent_slot"

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (1 if the intent is correct else 0, 1)."""
        predicted, gold = intents(record)
        return float(predicted == gold), 1.0
