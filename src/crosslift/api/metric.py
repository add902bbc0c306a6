"""The metric contract: statistics of an example, and a score of their sum.  Imports no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Metric(ABC):
    """One metric.  Scores are in percent, as the field prints them; higher is better.

    Because a score is a function of a sum over examples, a bootstrap resamples the sums and never looks at an
    example twice.
    """

    parts: tuple[str, ...]
    """What the statistics count."""

    def __init__(self, labels: Sequence[str] = ()) -> None:
        """Make the metric of a task with these labels; most metrics need not know them."""
        self.labels = tuple(labels)

    @property
    def name(self) -> str:
        """The file's name, which is the metric's."""
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def statistics(self, record: Mapping[str, Any]) -> tuple[float, ...]:
        """Return the counts of one of `units`: a record (a line of a predictions file), one number a part."""

    @abstractmethod
    def score(self, total: NDArray[np.float64]) -> float:
        """Return the score, in percent, of the sum of statistics, shape (parts,)."""

    def units(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Return what statistics are taken of, and a bootstrap draws: the records, unless a metric joins some."""
        return records

    def scores(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores, in percent, of many sums of statistics, shape (..., parts).

        Metrics that can work on whole arrays should: `crosslift compare` scores thousands of resampled sums.
        """
        scored: NDArray[np.float64] = np.apply_along_axis(self.score, -1, totals)
        return scored

    def table(self, records: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        """Return the statistics of the units of records, shape (units, parts)."""
        counts = np.array([self.statistics(unit) for unit in self.units(records)], dtype=np.float64)
        return counts.reshape(-1, len(self.parts))

    def __call__(self, records: Sequence[Mapping[str, Any]]) -> float:
        """Return the score, in percent, of records."""
        return self.score(self.table(records).sum(axis=0))
