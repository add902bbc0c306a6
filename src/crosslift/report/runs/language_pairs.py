"""Tables of two languages at once: scores of pairs of languages, and agreement between languages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crosslift.report.runs.cells import heat_cell, language_column, scale_of, system_cell
from crosslift.report.runs.view import Statistic
from crosslift.tables import format as fmt
from crosslift.tables.table import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosslift.report.runs.view import Report, ScoredSystem, View
    from crosslift.runs.schema import Agreement

MAXIMUM_GRIDS = 4
"""Systems whose pairs are shown: a grid of 15 languages has 225 cells."""


def pairs(report: Report, view: View) -> list[Table]:
    """Return one grid per system: the language of the first text down, of the second across; one colour scale."""
    values = {system.name: _pairs_of(system, view) for system in report.systems}
    shown = [system for system in report.systems if values[system.name]][:MAXIMUM_GRIDS]
    scale = scale_of(statistic.mean for system in shown for statistic in values[system.name].values())
    return [_grid(report, view, system, values[system.name], scale) for system in shown]


def _pairs_of(system: ScoredSystem, view: View) -> dict[tuple[str, str], Statistic]:
    found: dict[tuple[str, str], list[float]] = {}
    for run in system.runs:
        for grid in run.results.generalized:
            if (grid.task, grid.metric) == (view.task, view.metric):
                for cell in grid.cells:
                    found.setdefault((cell.first, cell.second), []).append(cell.value)
    return {pair: Statistic.of(values) for pair, values in found.items()}


def _grid(
    report: Report,
    view: View,
    system: ScoredSystem,
    values: dict[tuple[str, str], Statistic],
    scale: tuple[float, float],
) -> Table:
    codes = [code for code in view.languages if (code, code) in values]
    rows = [
        (
            Cell(first, note=report.language(first)),
            *(heat_cell(values.get((first, second), Statistic()), *scale) for second in codes),
        )
        for first in codes
    ]
    off = Statistic.of(statistic.mean for (first, second), statistic in values.items() if first != second)
    caption = (
        f"{fmt.words(view.metric).capitalize()} in percent; rows: language of the first text, columns: of the "
        f"second. The diagonal is the standard setting. Mean off the diagonal: {fmt.score(off.mean)}."
    )
    columns = (Column("First", "text"), *(language_column(report, view, code) for code in codes))
    return Table(f"Pairs of languages: {system.name}", caption, columns, tuple(rows), scale=scale)


def agreement(report: Report, view: View) -> Table | None:
    """Return the agreement of each system's predictions for translations; None if nothing is parallel."""
    rows = [
        (system_cell(report, system), *_agreed(found))
        for system in report.systems
        if (found := _agreements(system, view))
    ]
    columns = (
        Column("System", "text"),
        Column("Agreement", note="Mean over pairs of languages, in percent"),
        Column("Fleiss\u2019 kappa", "ratio", "Over all languages; 1: always one answer, 0: as by chance"),
        Column("Examples", "count", "Examples that all of the languages have"),
        Column("Languages", "count", "Languages that share examples with others"),
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


def _agreements(system: ScoredSystem, view: View) -> list[Agreement]:
    wanted = (view.task, view.selection)
    return [row for run in system.runs for row in run.results.consistency if (row.task, row.selection) == wanted]
