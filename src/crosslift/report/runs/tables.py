"""Tables of scores: results, the heat map, languages, and selection rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crosslift.report.runs.cells import (
    change_cell,
    frozen,
    heat_cell,
    language_column,
    mean_cell,
    scale_of,
    system_cell,
    with_best,
)
from crosslift.report.runs.differences import TARGETS
from crosslift.report.runs.view import TARGET_DEV, Report, ScoredSystem, View
from crosslift.tables import format as fmt
from crosslift.tables.table import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence


def results(report: Report, view: View) -> Table:
    """Return one row per system: source, targets, gap, and the change from the baseline."""
    columns = [Column("System", "text"), Column("Seeds", "count"), *_summary_columns(report, view)]
    rows = [[system_cell(report, s), Cell(len(s.seeds)), *_summary_cells(report, s, view)] for s in report.systems]
    if report.others:
        columns.append(Column("Change in target mean", "difference", "From the baseline, in points; 95% interval"))
        for row, system in zip(rows, report.systems, strict=True):
            row.append(change_cell(report, system, view, TARGETS))
    marked = with_best(rows, column=3) if report.others else rows
    caption = (
        f"{fmt.words(view.metric).capitalize()} in percent. The target mean is over "
        f"{fmt.plural(len(view.targets), 'language')}, source excluded; the transfer gap is source minus target mean. "
        f"Selection rule: {view.selection}.{_spread_caption(report)}"
    )
    return Table("Results", caption, tuple(columns), frozen(marked))


def _summary_columns(report: Report, view: View) -> list[Column]:
    source = report.language(view.source) if view.source else "Source"
    return [
        Column(source, note="The source language: the one with labelled training data"),
        Column("Target mean", note="Mean of the target languages, source excluded"),
        Column("Transfer gap", note="Source score minus target mean; smaller is better at equal source score"),
        Column("Worst target", note="Lowest score of a target language"),
        Column("All languages", note="Mean with the source included, to match published tables"),
    ]


def _summary_cells(report: Report, system: ScoredSystem, view: View) -> list[Cell]:
    fields = ("source_value", "target_mean", "transfer_gap", "target_min", "all_mean")
    cells = [mean_cell(system.summary(view, field), len(system.seeds)) for field in fields]
    worst = dict.fromkeys(entry.target_min_language for entry in system.summaries(view))
    cells[3] = replace(cells[3], note=", ".join(report.language(code) for code in worst if code))
    return cells


def heat_map(report: Report, view: View) -> Table:
    """Return systems x languages, each cell with its place on the colour scale of this table."""
    grid = [[system.score(view, language) for language in view.languages] for system in report.systems]
    low, high = scale_of(statistic.mean for row in grid for statistic in row)
    columns = (Column("System", "text"), *(language_column(report, view, code) for code in view.languages))
    rows = [
        [system_cell(report, system), *(heat_cell(statistic, low, high) for statistic in row)]
        for system, row in zip(report.systems, grid, strict=True)
    ]
    caption = f"Mean {fmt.words(view.metric)} over seeds, in percent; the colour scale is below."
    return Table("Every system in every language", caption, columns, frozen(rows), (low, high))


def languages(report: Report, view: View) -> Table:
    """Return one row per language: every system, and its difference from the baseline."""
    columns = [Column("Language", "text"), Column("Examples", "count")]
    for system in report.systems:
        columns.append(Column(system.name))
        if system is not report.baseline:
            columns.append(Column("Change", "difference", f"{system.name} minus {report.baseline.name}, in points"))
    rows = [_language_row(report, view, code) for code in view.languages]
    caption = f"{fmt.words(view.metric).capitalize()} in percent.{_spread_caption(report)}"
    if report.others:
        tested = ", each with its own 95% interval." if report.is_tested(view) else "; they are not tested here."
        caption += f" Changes are from {report.baseline.name}{tested}"
    return Table("Language by language", caption, tuple(columns), frozen(rows))


def _language_row(report: Report, view: View, code: str) -> list[Cell]:
    known = report.languages.get(code)
    facts = (code, known.script, known.family, known.description) if known else ()
    cells = [
        Cell(
            report.language(code),
            mark="source" if code == view.source else "",
            note=" · ".join(fact for fact in facts if fact),
        ),
        Cell(max(system.score(view, code).items for system in report.systems)),
    ]
    for system in report.systems:
        cells.append(mean_cell(system.score(view, code), len(system.seeds)))
        if system is not report.baseline:
            cells.append(change_cell(report, system, view, code))
    return cells


def selection(report: Report, view: View) -> Table | None:
    """Return systems x selection rules; None if there is only one rule."""
    rules = report.rules(view)
    if len(rules) < 2:
        return None
    fields = {"target_mean": "target mean", "transfer_gap": "gap"}
    columns = [Column("System", "text"), *(Column(f"{_rule(r)}: {t}") for r in rules for t in fields.values())]
    rows = [
        [system_cell(report, s), *(mean_cell(s.summary(r, field), len(s.seeds)) for r in rules for field in fields)]
        for s in report.systems
    ]
    caption = (
        "The same runs, scored at other checkpoints. source-dev: the best on development data of the source language; "
        f"last: the last one; average: the mean of the last checkpoints' weights. {_labels_seen(rules)}"
    )
    return Table("Selection rules", caption, tuple(columns), frozen(rows))


def _rule(view: View) -> str:
    return f"{TARGET_DEV} (not zero-shot)" if view.selection == TARGET_DEV else view.selection


def _labels_seen(rules: Sequence[View]) -> str:
    if all(rule.selection != TARGET_DEV for rule in rules):
        return "None of them uses target labels."
    return (
        f"None of these uses target labels. {TARGET_DEV} does: it is the best checkpoint on labelled development data "
        "of the target languages. That is not zero-shot; it shows how much better selection could gain."
    )


def _spread_caption(report: Report) -> str:
    several = any(len(system.seeds) > 1 for system in report.systems)
    return " ± is the standard deviation over seeds." if several else ""
