"""Macro F1: the unweighted mean of the F1 of each class, so rare classes count as much as frequent ones.

Equal to scikit-learn's `f1_score(average="macro")`: the mean is over the labels that occur, as gold or as
prediction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import InputError, nearest
from crosslift.metrics._metric import Metric


class MacroF1(Metric):
    """Mean F1 of the classes; needs the task's labels."""

    def __init__(self, labels: Sequence[str] = ()) -> None:
        """Make the metric of a task with these labels.

        Raises:
            InputError: the task has no labels.
        """
        super().__init__(labels)
        if not labels:
            raise InputError("macro_f1 is a mean over classes, so it needs a task with labels")
        self.parts = tuple(f"{label}: {part}" for part in ("correct", "predicted", "gold") for label in labels)

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return three blocks of one number a label: right ones, predicted ones, gold ones."""
        predicted, gold = self._one(record["prediction"]), self._one(record["gold"])
        return tuple(np.concatenate([predicted * gold, predicted, gold]).tolist())

    def _one(self, label: str) -> NDArray[np.float64]:
        """Return zeros with a one at the label, shape (labels,)."""
        if label not in self.labels:
            hint = nearest(label, self.labels)
            raise InputError(f"'{label}' is none of the labels {', '.join(self.labels)}{hint}")
        return np.array([float(label == known) for known in self.labels])

    def score(self, total: NDArray[np.float64]) -> float:
        """Return the mean of 200 * correct / (predicted + gold) over the labels that occur; 0 if none."""
        correct, predicted, gold = total.reshape(3, -1)
        occur = predicted + gold > 0
        if not occur.any():
            return 0.0
        return float(np.mean(200 * correct[occur] / (predicted + gold)[occur]))
