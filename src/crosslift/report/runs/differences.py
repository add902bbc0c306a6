"""Comparisons with the baseline, as `crosslift compare --json` has them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from crosslift.errors import InputError
from crosslift.runs.schema import Number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crosslift.runs.schema import Run

TARGETS = "target mean"


class Compared(BaseModel):
    """A row of `compare --json`: an arm against the baseline, in percentage points."""

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
    """What `crosslift compare` says of the systems of a report.

    Args:
        rows: by system, task, metric, checkpoint rule, and language or "target mean".
        test: names the statistics.
        reason: why nothing could be compared; empty where something was, or where there is one system.
    """

    rows: Mapping[tuple[str, str, str, str, str], Compared] = field(default_factory=dict)
    test: str = ""
    reason: str = ""


def differences(runs: Sequence[Run]) -> Differences:
    """Compare the systems of runs with the first one's, if there are several and their predictions are there."""
    baseline = runs[0].results.recipe
    if all(run.results.recipe == baseline for run in runs):
        return Differences()
    from crosslift.comparison import compare

    try:
        found = compare([each for run in runs for each in run.directories], advance=lambda: None)
    except InputError as error:
        return Differences(reason=str(error))
    rows = [Compared.model_validate(row) for row in found.values()["comparisons"]]
    own = {(r.system, r.task, r.metric, r.selection, r.over): r for r in rows if r.baseline == baseline}
    return Differences(own, found.test)
