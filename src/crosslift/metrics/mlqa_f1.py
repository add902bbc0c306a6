"""F1 of answers by MLQA's rule: punctuation of all scripts and the articles of the context's language do not count.

Words are what stands between blanks, and in Chinese each ideograph.  The answer is cut from the context, so its
language decides, not that of the question: a record says it in `language`.  A task's contribution to XTREME's average
is the mean of F1 and exact match.
Source: Lewis et al. 2020, arXiv 1910.07475 (released script).
"""

from __future__ import annotations

from crosslift.metrics.bases.extractive_qa import MlqaNormalised, word_f1


class MlqaF1(MlqaNormalised):
    """Mean over questions of the best F1 with an accepted answer."""

    def agreement(self, prediction: str, answer: str) -> float:
        """Return the F1 of the words of two texts."""
        return word_f1(prediction, answer)
