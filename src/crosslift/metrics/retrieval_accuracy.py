"""Retrieval accuracy: the percentage of sentences whose nearest neighbour is their own translation.

A record's prediction and gold are ids.  A duplicate of the right sentence under another id is wrong, as in
XTREME's scoring of Tatoeba.
"""

from __future__ import annotations

from crosslift.metrics.accuracy import Accuracy


class RetrievalAccuracy(Accuracy):
    """Share of right neighbours."""
