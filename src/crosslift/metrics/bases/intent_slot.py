"""Access to the intents and the slots of a record, for metrics of intent_slot tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def intents(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return the predicted intent and the gold one."""
    return record["prediction"]["intent"], record["gold"]["intent"]


def slots(record: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the predicted tags and the gold ones, one per word."""
    return record["prediction"]["slots"], record["gold"]["slots"]
