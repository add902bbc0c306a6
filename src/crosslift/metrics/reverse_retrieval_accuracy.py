"""Reverse retrieval accuracy: the percentage of translations whose nearest neighbour is their source sentence.

XTREME scores Tatoeba from English into the target language; papers on sentence encoders often report this direction,
or the mean of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.errors import InputError
from crosslift.metrics.bases.ratio import Ratio


class ReverseRetrievalAccuracy(Ratio):
    """Share of correct neighbours, from the target language into the source language."""

    record_type = "retrieval"

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (1 if correct else 0, 1).

        Raises:
            InputError: the record has no prediction in this direction.
        """
        if "reverse" not in record:
            raise InputError(f"record '{record['id']}' has no key 'reverse'; evaluate again to get both directions")
        return float(record["reverse"] == record["gold"]), 1.0
