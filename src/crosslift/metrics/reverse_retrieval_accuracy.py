"""Retrieval accuracy the other way: the percentage of translations whose nearest neighbour is their own source.

XTREME's scoring of Tatoeba looks for the translations of English sentences; papers on sentence encoders often give
this direction, or the mean of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.errors import InputError
from crosslift.metrics.bases.ratio import Ratio


class ReverseRetrievalAccuracy(Ratio):
    """Share of right neighbours from the target language into the source language."""

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return (1 if right else 0, 1).

        Raises:
            InputError: the record says nothing of this direction.
        """
        if "reverse" not in record:
            raise InputError(f"record '{record['id']}' has no key 'reverse'; retrieve again to have both directions")
        return float(record["reverse"] == record["gold"]), 1.0
