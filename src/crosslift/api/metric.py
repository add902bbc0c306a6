"""The metric contract: the statistics of one record, and a score of their sum.  Imports no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from crosslift.api.records import RecordType
from crosslift.errors import InputError, unknown


class Metric(ABC):
    """One metric.  Scores are in percent, as the field prints them; higher is better.

    A score is a function of a sum over examples, so a bootstrap resamples statistics and never scores an example twice.
    """

    record_type: ClassVar[RecordType]
    """The records it takes, see `crosslift.api.records`."""
    bounds: ClassVar[tuple[float, float]] = (0.0, 100.0)
    """Lowest and highest possible score; where every prediction is right, it is the highest."""
    worst: ClassVar[float | None] = 0.0
    """The score where every prediction is wrong; None where it depends on how wrong they are."""
    needs_labels: ClassVar[bool] = False
    """Whether it can only be made with the labels of a task."""
    parts: tuple[str, ...]
    """Names of the statistics."""

    def __init__(self, labels: Sequence[str] = ()) -> None:
        """Make the metric of a task with these labels, in the order of the task.

        Raises:
            InputError: it needs labels and the task has none.
        """
        self.labels = tuple(labels)
        if self.needs_labels and not labels:
            raise InputError(f"{self.name} is computed from the labels of a task; it needs a task with labels")

    @property
    def name(self) -> str:
        """The name of the metric, which is that of its file."""
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return the statistics of one of `units`, a record unless the metric says otherwise: one number per part."""

    @abstractmethod
    def score(self, total: NDArray[np.float64]) -> float:
        """Return the score of a sum of statistics, (parts,), in percent; 0 where there is nothing to count."""

    def units(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Return what statistics are taken of and a bootstrap draws: the records, unless a metric joins some."""
        return records

    def scores(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores, (...), in percent, of many sums of statistics, (..., parts).

        Metrics that can work on whole arrays should: `crosslift compare` scores thousands of resampled sums.
        """
        scored: NDArray[np.float64] = np.apply_along_axis(self.score, -1, totals)
        return scored

    def table(self, records: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        """Return the statistics of each unit of the records, (units, parts)."""
        counts = np.array([self.statistics(unit) for unit in self.units(records)], dtype=np.float64)
        return counts.reshape(-1, len(self.parts))

    def label_index(self, label: str) -> int:
        """Return the index of a label among those of the task.

        Raises:
            InputError: the task has no such label; the message names the nearest.
        """
        if label not in self.labels:
            raise InputError(f"{self.name}: {unknown('label', label, self.labels)}")
        return self.labels.index(label)

    def __call__(self, records: Sequence[Mapping[str, Any]]) -> float:
        """Return the score of records, in percent."""
        return self.score(self.table(records).sum(axis=0))
