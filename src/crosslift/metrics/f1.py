"""F1 of answers: the overlap in words of a predicted answer with the most similar accepted one, by SQuAD v1.1's rule.

Texts are split at spaces, in lower case, without ASCII punctuation or English articles, in every language, as XTREME
scores XQuAD and TyDiQA.  In Chinese and Thai, which write no spaces, it is therefore close to exact match.  XTREME's
average takes the mean of F1 and exact match for a task.
Source: Rajpurkar et al. 2016, arXiv 1606.05250 (released script).
"""

from __future__ import annotations

from crosslift.metrics.bases.extractive_qa import ExtractiveQAMetric, word_f1


class F1(ExtractiveQAMetric):
    """Mean over questions of the best F1 with an accepted answer."""

    def agreement(self, prediction: str, answer: str) -> float:
        """Return the F1 of the words of two texts."""
        return word_f1(prediction, answer)
