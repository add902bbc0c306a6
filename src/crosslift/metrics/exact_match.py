"""Exact match: the percentage of answers equal to an accepted one, by SQuAD v1.1's rule.

Texts are compared in lower case, without ASCII punctuation or English articles, in every language, as XTREME scores
XQuAD and TyDiQA.  XTREME's average takes the mean of F1 and exact match for a task.
Source: Rajpurkar et al. 2016, arXiv 1606.05250 (released script).
"""

from __future__ import annotations

from crosslift.metrics.bases.extractive_qa import ExtractiveQAMetric, same


class ExactMatch(ExtractiveQAMetric):
    """Share of answers that equal an accepted one."""

    def agreement(self, prediction: str, answer: str) -> float:
        """Return 1 for equal texts, else 0."""
        return same(prediction, answer)
