"""Slot F1: micro-averaged F1 of slots; a slot is correct if its words and its name are.

Equal to `tagging_f1` on the IOB2 tags of the slots, that is, to seqeval's default rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.metrics.bases.intent_slot import slots
from crosslift.metrics.tagging_f1 import TaggingF1


class SlotF1(TaggingF1):
    """F1 of slots."""

    record_type = "intent_slot"

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (slots in both, predicted slots, gold slots) of an utterance."""
        predicted, gold = slots(record)
        return super().statistics({"prediction": predicted, "gold": gold})
