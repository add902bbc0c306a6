"""Cells that several tables of a study share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crosslift.tables import format as fmt
from crosslift.tables.table import Cell, Mark

if TYPE_CHECKING:
    from crosslift.report.runs.differences import Compared
    from crosslift.report.runs.view import Statistic
    from crosslift.report.study.view import Study
    from crosslift.studies.result import ArmResult


def arm_cell(study: Study, arm: ArmResult) -> Cell:
    """Return the name of an arm as the first cell of its row."""
    mark: Mark = "baseline" if arm.name == study.result.baseline else "control" if arm.control else ""
    return Cell(arm.name, mark=mark)


def spread_cell(statistic: Statistic) -> Cell:
    """Return a mean and its spread."""
    return Cell(statistic.mean, statistic.spread)


def difference_cell(row: Compared | None) -> Cell:
    """Return the effect of a comparison and its interval."""
    return Cell(row.effect, interval=row.interval) if row else Cell(math.nan)


def count_cell(value: float | None) -> Cell:
    """Return a count, which is missing if it is zero or None."""
    return Cell(float(value) if value else math.nan)


def is_present(cell: Cell) -> bool:
    """Return whether a cell has a value."""
    return math.isfinite(cell.value) if isinstance(cell.value, float) else cell.value != fmt.MISSING
