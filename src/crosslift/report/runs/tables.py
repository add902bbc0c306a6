"""Tables as data: columns, rows and marks.  Renderers turn them into text, and decide nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from crosslift.report.runs.differences import TARGETS
from crosslift.report.runs.view import ORACLE, Report, Statistic, System, View
from crosslift.tables import format as fmt
from crosslift.tables.table import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crosslift.runs.schema import Stage


class Named(Protocol):
    """What knows the names of languages."""

    def language(self, code: str) -> str:
        """Return the name of a language."""


def results(report: Report, view: View) -> Table:
    """Return one row a system: source, targets, gap, and what changed against the baseline."""
    columns = [Column("System", "text"), Column("Seeds", "count"), *_summary_columns(report, view)]
    rows = [[system_cell(report, s), Cell(s.seeds), *_summary_cells(report, s, view)] for s in report.systems]
    if report.others:
        columns.append(Column("Change in target mean", "difference", "Against the baseline, in points; 95% interval"))
        for row, system in zip(rows, report.systems, strict=True):
            row.append(_change(report, system, view, TARGETS))
    marked = best(rows, column=3) if report.others else rows
    caption = (
        f"{fmt.words(view.metric).capitalize()} in percent. The target mean is over "
        f"{fmt.plural(len(view.targets), 'language')}, source excluded; the transfer gap is "
        "source minus target "
        f"mean. Checkpoint rule: {view.selection}.{_spread_caption(report)}"
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


def _summary_cells(report: Report, system: System, view: View) -> list[Cell]:
    fields = ("source_value", "target_mean", "transfer_gap", "target_min", "all_mean")
    cells = [_cell(system.summary(view, field), system.seeds) for field in fields]
    worst = dict.fromkeys(entry.target_min_language for entry in system.summaries(view))
    cells[3] = replace(cells[3], note=", ".join(report.language(code) for code in worst if code))
    return cells


def heat_map(report: Report, view: View) -> Table:
    """Return systems x languages, each cell with its place on the colour scale of this table."""
    grid = [[system.score(view, language) for language in view.languages] for system in report.systems]
    low, high = span(statistic.mean for row in grid for statistic in row)
    columns = (Column("System", "text"), *(language_column(report, view, code) for code in view.languages))
    rows = [
        [system_cell(report, system), *(hot(statistic, low, high) for statistic in row)]
        for system, row in zip(report.systems, grid, strict=True)
    ]
    caption = f"Mean {fmt.words(view.metric)} over seeds, in percent; the colour scale is below."
    return Table("Every system in every language", caption, columns, frozen(rows), (low, high))


def language_column(named: Named, view: View, code: str) -> Column:
    """Return the column of a language; `named` knows what it is called."""
    role = "source" if code == view.source else "target"
    return Column(code, note=f"{named.language(code)} ({role})")


def hot(statistic: Statistic, low: float, high: float) -> Cell:
    """Return a cell with its place on a colour scale."""
    if not math.isfinite(statistic.mean):
        return Cell(math.nan)
    return Cell(statistic.mean, heat=(statistic.mean - low) / (high - low))


def span(values: Iterable[float]) -> tuple[float, float]:
    """Return the ends of a colour scale, multiples of 5."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = math.floor(min(finite, default=0) / 5) * 5, math.ceil(max(finite, default=100) / 5) * 5
    return low, max(high, low + 5)


def languages(report: Report, view: View) -> Table:
    """Return one row a language: every system, and its difference to the baseline."""
    columns = [Column("Language", "text"), Column("Examples", "count")]
    for system in report.systems:
        columns.append(Column(system.name))
        if system is not report.baseline:
            columns.append(Column("Change", "difference", f"{system.name} minus {report.baseline.name}, in points"))
    rows = [_language_row(report, view, code) for code in view.languages]
    caption = f"{fmt.words(view.metric).capitalize()} in percent.{_spread_caption(report)}"
    if report.others:
        chance = ", each with its own 95% interval." if report.is_tested(view) else "; they are not tested here."
        caption += f" Changes are against {report.baseline.name}{chance}"
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
        cells.append(_cell(system.score(view, code), system.seeds))
        if system is not report.baseline:
            cells.append(_change(report, system, view, code))
    return cells


def selection(report: Report, view: View) -> Table | None:
    """Return systems x checkpoint rules, or None where there is only one rule."""
    rules = report.rules(view)
    if len(rules) < 2:
        return None
    fields = {"target_mean": "target mean", "transfer_gap": "gap"}
    columns = [
        Column("System", "text"),
        *(Column(f"{_rule(r)}: {t}") for r in rules for t in fields.values()),
    ]
    rows = [
        [system_cell(report, s), *(_cell(s.summary(r, field), s.seeds) for r in rules for field in fields)]
        for s in report.systems
    ]
    caption = (
        "The same runs, scored at other checkpoints. source-dev: the best on development data of the "
        "source language; "
        f"last: the last one; average: the mean of the last checkpoints' weights. {_seen(rules)}"
    )
    return Table("Which checkpoint", caption, tuple(columns), frozen(rows))


def _rule(view: View) -> str:
    return f"{ORACLE} oracle (not zero-shot)" if view.selection == ORACLE else view.selection


def _seen(rules: Sequence[View]) -> str:
    if all(rule.selection != ORACLE for rule in rules):
        return "None of them sees a target label."
    return (
        f"None of these sees a target label. {ORACLE} does: it is the checkpoint that is best on labelled development "
        "data of the target languages. It is an oracle, no zero-shot result: it shows what better selection could gain."
    )


def cost(report: Report) -> Table | None:
    """Return what each stage of each system cost, a run, or None if no run says."""
    rows = [row for system in report.systems for row in _cost_rows(report, system)]
    columns = (
        Column("System", "text"),
        Column("Stage", "text"),
        Column("Time", "seconds"),
        Column("Steps", "count"),
        Column("Tokens", "count"),
        Column("Tokens a second", "count"),
        Column("From cache", "text"),
    )
    caption = "Means over the runs that computed the stage; a run that took it from the cache paid nothing."
    return Table("What it cost", caption, columns, frozen(rows)) if rows else None


def _paid(system: System) -> list[tuple[str, list[Stage], list[Stage]]]:
    """Return each stage, its records in all runs, and those of the runs that computed it, where any did."""
    entries = [entry for run in system.runs for entry in run.results.stages]
    stages = {name: [entry for entry in entries if entry.stage == name] for name in [e.stage for e in entries]}
    return [(name, own, [entry for entry in own if not entry.cached] or own) for name, own in stages.items()]


def seconds(system: System) -> float:
    """Return what all stages of a run take, on average; not a number where no run says."""
    times = [Statistic.of(entry.seconds for entry in paid).mean for _, _, paid in _paid(system)]
    return sum(times) if times else math.nan


def _cost_rows(report: Report, system: System) -> list[list[Cell]]:
    rows = []
    for stage, own, paid in _paid(system):
        time = Statistic.of(entry.seconds for entry in paid).mean
        steps, tokens = (_mean_count([getattr(entry, field) for entry in paid]) for field in ("steps", "tokens"))
        cached = sum(entry.cached for entry in own)
        rows.append(
            [
                system_cell(report, system),
                Cell(stage),
                *(Cell(value) for value in (time, steps, tokens, tokens / time if time else math.nan)),
                Cell(f"{cached} of {fmt.plural(len(own), 'run')}" if cached else "no"),
            ]
        )
    return rows


def _mean_count(values: Sequence[int | None]) -> float:
    return Statistic.of(float(value) for value in values if value).mean


def probes(report: Report) -> list[Table]:
    """Return one table a probe: systems and languages x stages, in the order of the stages."""
    entries = [probe for run in report.runs for probe in run.results.probes]
    return [_probe(report, metric) for metric in dict.fromkeys(entry.metric for entry in entries)]


def _probe(report: Report, metric: str) -> Table:
    entries = [(s, p) for s in report.systems for r in s.runs for p in r.results.probes if p.metric == metric]
    stages = [stage for stage in report.stages if any(probe.stage == stage for _, probe in entries)]
    rows = []
    for system in report.systems:
        own = [probe for owner, probe in entries if owner is system]
        for language in dict.fromkeys(probe.language for probe in own):
            found = [[p.value for p in own if (p.language, p.stage) == (language, stage)] for stage in stages]
            cells = [_cell(Statistic.of(values), system.seeds if values else 0) for values in found]
            rows.append([system_cell(report, system), Cell(report.language(language)), *cells])
    columns = (Column("System", "text"), Column("Language", "text"), *(Column(f"After {s}") for s in stages))
    caption = f"{fmt.words(metric).capitalize()} of the encoder's vectors after each stage."
    return Table(fmt.words(metric).capitalize(), caption, columns, frozen(rows))


def system_cell(report: Report, system: System) -> Cell:
    """Return the name of a system as the first cell of its row."""
    return Cell(system.name, mark="baseline" if report.others and system is report.baseline else "")


def _cell(statistic: Statistic, seeds: int) -> Cell:
    note = f"{statistic.seeds} of {seeds} seeds" if 0 < statistic.seeds < seeds else ""
    return Cell(statistic.mean, statistic.spread, note=note)


def _change(report: Report, system: System, view: View, over: str) -> Cell:
    """Return the difference to the baseline, with its interval where it was tested."""
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


def best(rows: list[list[Cell]], *, column: int) -> list[list[Cell]]:
    """Return rows with the highest number of a column marked."""
    values = [row[column].value for row in rows]
    numbers = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    best = max(numbers) if len(set(numbers)) > 1 else None
    return [
        [replace(cell, mark="best") if i == column and cell.value == best else cell for i, cell in enumerate(row)]
        for row in rows
    ]


def _spread_caption(report: Report) -> str:
    several = any(system.seeds > 1 for system in report.systems)
    return " After ± stands the standard deviation over seeds." if several else ""


def frozen(rows: Iterable[Iterable[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    """Return rows that do not change."""
    return tuple(tuple(row) for row in rows)
