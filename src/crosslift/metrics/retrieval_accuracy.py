"""Retrieval accuracy: the percentage of sentences whose nearest neighbour is their translation.

Ids are compared, so a duplicate of the correct sentence under another id is wrong, as in XTREME's scoring of Tatoeba.
"""

from __future__ import annotations

from crosslift.metrics.accuracy import Accuracy


class RetrievalAccuracy(Accuracy):
    """Share of correct neighbours, from the source language into the target language."""

    record_type = "retrieval"
