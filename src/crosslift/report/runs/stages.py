"""Tables of stages: the cost of each, and the probes of the encoder after each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crosslift.report.runs.cells import frozen, mean_cell, system_cell
from crosslift.report.runs.view import Report, ScoredSystem, Statistic
from crosslift.tables import format as fmt
from crosslift.tables.table import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosslift.runs.schema import Stage


def cost(report: Report) -> Table | None:
    """Return the cost of each stage of each system, per run; None if no run has recorded it."""
    rows = [row for system in report.systems for row in _cost_rows(report, system)]
    columns = (
        Column("System", "text"),
        Column("Stage", "text"),
        Column("Time", "seconds"),
        Column("Steps", "count"),
        Column("Tokens", "count"),
        Column("Tokens per second", "count"),
        Column("From cache", "text"),
    )
    caption = "Means over the runs that computed the stage; a run that took it from the cache did not pay for it."
    return Table("Cost", caption, columns, frozen(rows)) if rows else None


def seconds(system: ScoredSystem) -> float:
    """Return the time of all stages of a run, on average; NaN if no run has recorded it."""
    times = [Statistic.of(entry.seconds for entry in paid).mean for _, _, paid in _paid(system)]
    return sum(times) if times else math.nan


def probes(report: Report) -> list[Table]:
    """Return one table per probe: systems and languages x stages, in the order of the stages."""
    entries = [probe for run in report.runs for probe in run.results.probes]
    return [_probe(report, metric) for metric in dict.fromkeys(entry.metric for entry in entries)]


def _paid(system: ScoredSystem) -> list[tuple[str, list[Stage], list[Stage]]]:
    """Return each stage, its records in all runs, and those of the runs that computed it, if any did."""
    entries = [entry for run in system.runs for entry in run.results.stages]
    stages = {name: [entry for entry in entries if entry.stage == name] for name in [e.stage for e in entries]}
    return [(name, own, [entry for entry in own if not entry.cached] or own) for name, own in stages.items()]


def _cost_rows(report: Report, system: ScoredSystem) -> list[list[Cell]]:
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


def _probe(report: Report, metric: str) -> Table:
    entries = [(s, p) for s in report.systems for r in s.runs for p in r.results.probes if p.metric == metric]
    stages = [stage for stage in report.stages if any(probe.stage == stage for _, probe in entries)]
    rows = []
    for system in report.systems:
        own = [probe for owner, probe in entries if owner is system]
        for language in dict.fromkeys(probe.language for probe in own):
            found = [[p.value for p in own if (p.language, p.stage) == (language, stage)] for stage in stages]
            cells = [mean_cell(Statistic.of(values), len(system.seeds) if values else 0) for values in found]
            rows.append([system_cell(report, system), Cell(report.language(language)), *cells])
    name = fmt.words(metric).capitalize()
    columns = (Column("System", "text"), Column("Language", "text"), *(Column(f"After {s}") for s in stages))
    return Table(name, f"{name} of the encoder's vectors after each stage.", columns, frozen(rows))
