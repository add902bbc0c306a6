"""Comparisons with the baseline, with the fields of `crosslift compare --json`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from crosslift.errors import InputError
from crosslift.runs.schema import Number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crosslift.runs.systems import Systems

TARGETS = "target mean"


class Compared(BaseModel):
    """A row of `compare --json`: a system against the baseline, in percentage points."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    baseline: str = ""
    system: str
    task: str
    metric: str
    over: str
    effect: Number
    low: Number = math.nan
    high: Number = math.nan
    p: Number = math.nan
    p_adjusted: Number = math.nan
    wins: int = 0
    ties: int = 0
    losses: int = 0
    seeds: int = 0
    selection: str = ""
    sentence: str = ""
    generalized: bool = False

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval."""
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class Differences:
    """The comparisons of a report's systems with its baseline.

    Args:
        rows: by system, task, metric, selection rule, and language or "target mean".
        test: the names of the statistics.
        reason: why nothing could be compared; empty if something was, or if there is one system.
    """

    rows: Mapping[tuple[str, str, str, str, str], Compared] = field(default_factory=dict)
    test: str = ""
    reason: str = ""


def differences(found: Systems) -> Differences:
    """Compare systems with the first one, if there are several and their predictions exist."""
    if len(found.systems) == 1:
        return Differences()
    from crosslift.comparison import compare_systems

    try:
        compared = compare_systems(found, advance=lambda: None)
    except InputError as error:
        return Differences(reason=str(error))
    rows = [Compared.model_validate(row) for row in compared.values()["comparisons"]]
    return Differences({(r.system, r.task, r.metric, r.selection, r.over): r for r in rows}, compared.test)
