"""F1 of answers: how many words a predicted answer shares with the nearest accepted one, by SQuAD v1.1's rule.

Words are what stands between blanks, in lower case, without ASCII punctuation and English articles; for every language,
as XTREME scores XQuAD and TyDiQA.  So in Chinese and Thai, which write no blanks, it is close to exact match.  A task's
contribution to XTREME's average is the mean of F1 and exact match.
Source: Rajpurkar et al. 2016, arXiv 1606.05250 (released script).
"""

from __future__ import annotations

from crosslift.metrics.bases.extractive_qa import ExtractiveQAMetric, word_f1


class F1(ExtractiveQAMetric):
    """Mean over questions of the best F1 with an accepted answer."""

    def agreement(self, prediction: str, answer: str) -> float:
        """Return the F1 of the words of two texts."""
        return word_f1(prediction, answer)
