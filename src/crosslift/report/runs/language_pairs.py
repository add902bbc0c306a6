"""Two languages at once: scores of pairs of languages, and how far languages agree."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crosslift.report.runs.tables import hot, language_column, span, system_cell
from crosslift.report.runs.view import Statistic
from crosslift.tables import format as fmt
from crosslift.tables.table import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosslift.report.runs.view import Report, System, View
    from crosslift.runs.schema import Agreement

MAXIMUM_GRIDS = 4
"""Systems whose pairs are shown: a grid of 15 languages has 225 cells."""


def pairs(report: Report, view: View) -> list[Table]:
    """Return a grid a system: the language of the first text down, that of the second across; one scale for all."""
    values = {system.name: _pairs_of(system, view) for system in report.systems}
    shown = [system for system in report.systems if values[system.name]][:MAXIMUM_GRIDS]
    low, high = span(statistic.mean for system in shown for statistic in values[system.name].values())
    return [_grid(report, view, system, values[system.name], low, high) for system in shown]


def _pairs_of(system: System, view: View) -> dict[tuple[str, str], Statistic]:
    found: dict[tuple[str, str], list[float]] = {}
    for run in system.runs:
        for grid in run.results.generalized:
            if (grid.task, grid.metric) == (view.task, view.metric):
                for cell in grid.cells:
                    found.setdefault((cell.first, cell.second), []).append(cell.value)
    return {pair: Statistic.of(values) for pair, values in found.items()}


def _grid(
    report: Report, view: View, system: System, values: dict[tuple[str, str], Statistic], low: float, high: float
) -> Table:
    codes = [code for code in view.languages if (code, code) in values]
    rows = [
        (
            Cell(first, note=report.language(first)),
            *(hot(values.get((first, second), Statistic()), low, high) for second in codes),
        )
        for first in codes
    ]
    off = Statistic.of(statistic.mean for (first, second), statistic in values.items() if first != second)
    caption = (
        f"{fmt.words(view.metric).capitalize()} in percent; rows: language of the first text, columns: of the "
        f"second. The diagonal is the standard setting. Mean off the diagonal: {fmt.score(off.mean)}."
    )
    columns = (Column("First", "text"), *(language_column(report, view, code) for code in codes))
    return Table(f"Pairs of languages: {system.name}", caption, columns, tuple(rows), scale=(low, high))


def agreement(report: Report, view: View) -> Table | None:
    """Return how far the predictions of each system for translations agree, or None where nothing is parallel."""
    rows = [
        (system_cell(report, system), *_agreed(found))
        for system in report.systems
        if (found := _agreements(system, view))
    ]
    columns = (
        Column("System", "text"),
        Column("Agreement", note="Mean over pairs of languages, in percent"),
        Column("Fleiss\u2019 kappa", "ratio", "Of all languages; 1: always one answer, 0: as by chance"),
        Column("Examples", "count", "Those that all of the languages hold"),
        Column("Languages", "count", "Those that have examples of other languages"),
    )
    caption = (
        "How often predictions for translations of one example agree. Two languages with one score can be right on "
        "different examples."
    )
    return Table("Agreement between languages", caption, columns, tuple(rows)) if rows else None


def _agreed(found: Sequence[Agreement]) -> tuple[Cell, ...]:
    agreed = Statistic.of(row.agreement for row in found)
    kappa = Statistic.of(row.fleiss_kappa for row in found)
    items = Statistic.of(row.items or math.nan for row in found)
    languages = Statistic.of(len(row.compared) or math.nan for row in found)
    return Cell(agreed.mean, agreed.spread), Cell(kappa.mean), Cell(items.mean), Cell(languages.mean)


def _agreements(system: System, view: View) -> list[Agreement]:
    wanted = (view.task, view.selection)
    return [row for run in system.runs for row in run.results.consistency if (row.task, row.selection) == wanted]
