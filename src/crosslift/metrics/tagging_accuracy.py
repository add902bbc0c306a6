"""Tagging accuracy: the percentage of words with the correct tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.metrics.bases.ratio import Ratio


class TaggingAccuracy(Ratio):
    """Share of correct tags, over all words of all sentences."""

    record_type = "tags"

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (words with the correct tag, words) of a sentence."""
        pairs = list(zip(record["prediction"], record["gold"], strict=True))
        return float(sum(tag == gold for tag, gold in pairs)), float(len(pairs))
