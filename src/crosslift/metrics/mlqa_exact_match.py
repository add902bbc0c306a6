"""Exact match by MLQA's rule: without punctuation of any script or articles of the context's language.

The language is that of the context, from which the answer is cut, not of the question (`language` of a record).
XTREME's average takes the mean of F1 and exact match for a task.
Source: Lewis et al. 2020, arXiv 1910.07475 (released script).
"""

from __future__ import annotations

from crosslift.metrics.bases.extractive_qa import MlqaNormalised, same


class MlqaExactMatch(MlqaNormalised):
    """Share of answers that equal an accepted one."""

    def agreement(self, prediction: str, answer: str) -> float:
        """Return 1 for equal texts, else 0."""
        return same(prediction, answer)
