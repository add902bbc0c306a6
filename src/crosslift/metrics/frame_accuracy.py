"""Frame accuracy: the percentage of utterances whose intent and slots are all correct; also called exact match.

Slots are compared as chunks, by the rule of `slot_f1`, so tags that denote the same slots count as equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.metrics.bases.intent_slot import intents, slots
from crosslift.metrics.bases.ratio import Ratio
from crosslift.metrics.tagging_f1 import chunks


class FrameAccuracy(Ratio):
    """Share of utterances without an error."""

    record_type = "intent_slot"

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (1 if intent and slots are correct else 0, 1)."""
        predicted, gold = intents(record)
        found, wanted = map(chunks, slots(record))
        return float(predicted == gold and found == wanted), 1.0
