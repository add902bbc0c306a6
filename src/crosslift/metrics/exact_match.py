"""Exact match: the percentage of answers that are one of the accepted ones, by SQuAD v1.1's rule.

Texts are compared in lower case, without ASCII punctuation and English articles; for every language, as XTREME scores
XQuAD and TyDiQA.  A task's contribution to XTREME's average is the mean of F1 and exact match.
Source: Rajpurkar et al. 2016, arXiv 1606.05250 (released script).
"""

from __future__ import annotations

from crosslift.metrics.bases.extractive_qa import ExtractiveQAMetric, same


class ExactMatch(ExtractiveQAMetric):
    """Share of answers that are right to the letter."""

    def agreement(self, prediction: str, answer: str) -> float:
        """Return 1 for equal texts, else 0."""
        return same(prediction, answer)
