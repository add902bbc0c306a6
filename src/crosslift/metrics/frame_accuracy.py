"""Frame accuracy: the percentage of utterances whose intent and slots are all right; "exact match" in the field.

Slots are compared as chunks, by the rule of `slot_f1`: tags that mean the same slots are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.metrics.bases.intent_slot import intents, slots
from crosslift.metrics.bases.ratio import Ratio
from crosslift.metrics.tagging_f1 import chunks


class FrameAccuracy(Ratio):
    """Share of utterances without any mistake."""

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (1 if intent and slots are right, 1)."""
        predicted, gold = intents(record)
        found, wanted = map(chunks, slots(record))
        return float(predicted == gold and found == wanted), 1.0
