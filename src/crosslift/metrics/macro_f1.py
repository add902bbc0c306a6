"""Macro F1: the unweighted mean of the F1 of each class, so rare classes count as much as frequent ones.

Equal to scikit-learn's `f1_score(average="macro")`: the mean is over the labels that occur, as gold or as
prediction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.api.metric import Metric


class MacroF1(Metric):
    """Mean F1 of the classes; needs the task's labels."""

    record_type = "label"
    needs_labels = True

    def __init__(self, labels: Sequence[str] = ()) -> None:
        """Make the metric of a task with these labels.

        Raises:
            InputError: the task has no labels.
        """
        super().__init__(labels)
        self.parts = tuple(f"{label}: {part}" for part in ("correct", "predicted", "gold") for label in labels)

    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return three blocks of one number per label: correct, predicted and gold."""
        predicted, gold = (np.eye(len(self.labels))[self.label_index(record[side])] for side in ("prediction", "gold"))
        return tuple(np.concatenate([predicted * gold, predicted, gold]).tolist())

    def score(self, total: NDArray[np.float64]) -> float:
        """Return the mean of 200 * correct / (predicted + gold) over the labels that occur in a sum (parts,)."""
        return float(self.scores(total))

    def scores(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the same for many sums, (..., parts)."""
        correct, predicted, gold = np.split(totals, 3, axis=-1)
        found = predicted + gold
        occurring = (found > 0).sum(axis=-1)
        by_class = 200 * correct / np.where(found > 0, found, 1)
        mean: NDArray[np.float64] = by_class.sum(axis=-1) / np.maximum(occurring, 1)
        return mean

    def table(self, records: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        """Return the statistics of records, (records, parts), computed once per pair of labels."""
        pairs = [(record["prediction"], record["gold"]) for record in records]
        rows = {pair: self.statistics({"prediction": pair[0], "gold": pair[1]}) for pair in dict.fromkeys(pairs)}
        return np.array([rows[pair] for pair in pairs], dtype=np.float64).reshape(-1, len(self.parts))
