"""Exact match by MLQA's rule: punctuation of all scripts and the articles of the context's language do not count.

The answer is cut from the context, so its language decides, not that of the question: a record says it in `language`.
A task's contribution to XTREME's average is the mean of F1 and exact match.
Source: Lewis et al. 2020, arXiv 1910.07475 (released script).
"""

from __future__ import annotations

from crosslift.metrics.bases.extractive_qa import MlqaNormalised, same


class MlqaExactMatch(MlqaNormalised):
    """Share of answers that are right to the letter."""

    def agreement(self, prediction: str, answer: str) -> float:
        """Return 1 for equal texts, else 0."""
        return same(prediction, answer)
