"""Cells and columns that several tables share."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from crosslift.report.runs.differences import TARGETS
from crosslift.tables import format as fmt
from crosslift.tables.table import Cell, Column

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crosslift.report.runs.view import Report, ScoredSystem, Statistic, View


class Named(Protocol):
    """An object that knows the names of languages."""

    def language(self, code: str) -> str:
        """Return the name of a language."""


def language_column(named: Named, view: View, code: str) -> Column:
    """Return the column of a language; `named` knows its name."""
    role = "source" if code == view.source else "target"
    return Column(code, note=f"{named.language(code)} ({role})")


def system_cell(report: Report, system: ScoredSystem) -> Cell:
    """Return the name of a system as the first cell of its row."""
    return Cell(system.name, mark="baseline" if report.others and system is report.baseline else "")


def mean_cell(statistic: Statistic, seeds: int) -> Cell:
    """Return a mean and its spread; a note says if some of `seeds` have no value."""
    note = f"{statistic.seeds} of {fmt.plural(seeds, 'seed')}" if 0 < statistic.seeds < seeds else ""
    return Cell(statistic.mean, statistic.spread, note=note)


def change_cell(report: Report, system: ScoredSystem, view: View, over: str) -> Cell:
    """Return the difference from the baseline, with its interval if it was tested."""
    if system is report.baseline:
        return Cell("baseline")
    row = report.against(system, view, over)
    if row:
        return Cell(row.effect, interval=row.interval)
    before, after = (
        s.summary(view, "target_mean").mean if over == TARGETS else s.score(view, over).mean
        for s in (report.baseline, system)
    )
    return Cell(after - before)


def heat_cell(statistic: Statistic, low: float, high: float) -> Cell:
    """Return a cell with its place on a colour scale."""
    if not math.isfinite(statistic.mean):
        return Cell(math.nan)
    return Cell(statistic.mean, heat=(statistic.mean - low) / (high - low))


def scale_of(values: Iterable[float]) -> tuple[float, float]:
    """Return the ends of a colour scale, multiples of 5."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = math.floor(min(finite, default=0) / 5) * 5, math.ceil(max(finite, default=100) / 5) * 5
    return low, max(high, low + 5)


def with_best(rows: list[list[Cell]], *, column: int) -> list[list[Cell]]:
    """Return rows with the highest number of a column marked."""
    values = [row[column].value for row in rows]
    numbers = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    best = max(numbers) if len(set(numbers)) > 1 else None
    return [
        [replace(cell, mark="best") if i == column and cell.value == best else cell for i, cell in enumerate(row)]
        for row in rows
    ]


def frozen(rows: Iterable[Iterable[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    """Return rows as tuples, as a table holds them."""
    return tuple(tuple(row) for row in rows)
