"""F1 of answers by MLQA's rule: without punctuation of any script or articles of the context's language.

Texts are split at spaces, and in Chinese into ideographs.  The language is that of the context, from which the answer
is cut, not of the question (`language` of a record).  XTREME's average takes the mean of F1 and exact match for a task.
Source: Lewis et al. 2020, arXiv 1910.07475 (released script).
"""

from __future__ import annotations

from crosslift.metrics.bases.extractive_qa import MlqaNormalised, word_f1


class MlqaF1(MlqaNormalised):
    """Mean over questions of the best F1 with an accepted answer."""

    def agreement(self, prediction: str, answer: str) -> float:
        """Return the F1 of the words of two texts."""
        return word_f1(prediction, answer)
