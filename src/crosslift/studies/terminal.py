"""A study in the terminal: what is about to run, what ended, and the verdicts."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crosslift.studies.execute import Outcome
from crosslift.studies.plan import Job
from crosslift.studies.read import Definition
from crosslift.studies.result import Judged, Score, StudyResult
from crosslift.studies.tables import Scale

COLOURS = {"confirmed": "green", "refuted": "red", "inconclusive": "yellow", "recorded": "blue"}
NOTHING = "–"
"""Stands for a number that there is not."""


def values_of_plan(definition: Definition, scale: Scale, jobs: Sequence[Job]) -> dict[str, Any]:
    """Return what a study would run."""
    return {
        "schema": 1,
        "study": definition.name,
        "about": scale.about,
        "runs": [{"arm": job.arm, "task": job.task, "seed": job.seed, "done": job.done} for job in jobs],
        "device_hours": scale.device_hours,
    }


def print_plan(definition: Definition, scale: Scale, jobs: Sequence[Job]) -> None:
    """Print what a study runs, and what was stated before."""
    console = Console()
    console.print(definition.study.title, style="bold", markup=False, highlight=False)
    console.print(f"{definition.study.question}\n\n{scale.about}\n", markup=False, highlight=False)
    table = Table("arm", "runs", "there", "what it is", box=None, pad_edge=False)
    for arm in definition.study.arms_at(scale):
        own = [job for job in jobs if job.arm == arm.name]
        if own:
            name = f"{arm.name} (control)" if arm.control else arm.name
            table.add_row(name, str(len(own)), str(sum(job.done for job in own)), escape(arm.about))
    console.print(table)
    if scale.device_hours:
        console.print(f"\nEstimated: {scale.device_hours:,.0f} hours on one accelerator.", highlight=False)


class Watch:
    """Says on standard error how each run ended, and how long the rest may take."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.total = sum(not job.done for job in jobs)
        self.ended = 0
        self.start = time.monotonic()
        self.console = Console(stderr=True)

    def __call__(self, job: Job, outcome: Outcome) -> None:
        """Tell of a run."""
        self.ended += 1
        left = (time.monotonic() - self.start) / self.ended * (self.total - self.ended)
        rest = f", about {left / 60:.0f} min to go" if self.ended < self.total else ""
        state = "done" if outcome.kind == "done" else "FAILED"
        self._say(f"[{self.ended}/{self.total}] {job.name}: {state}{rest}")
        for text in outcome.texts:
            self._say(f"    {text}")

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False)


def print_result(result: StudyResult) -> None:
    """Print each arm's means and every verdict."""
    console = Console()
    if result.arms:
        console.print(means(result))
    console.print(_ledger(result))
    missing = [failure for failure in result.failures if failure.kind != "warning"]
    for failure in missing:
        line = f"{failure.arm}, {failure.task}, seed {failure.seed}: {failure.text}"
        console.print(line, style="red", markup=False, highlight=False)


def means(result: StudyResult) -> Table:
    """Return each arm's mean over the source and over the targets of each task, in rows whichever are more."""
    summaries = [score for score in result.scores if score.kind == "summary"]
    by_key = {(score.arm, score.task, score.over): score for score in reversed(summaries)}
    names = [arm.name for arm in result.arms]
    rows = {
        f"{task} {over}": [_mean(by_key.get((name, task, over))) for name in names]
        for task in result.tasks
        for over in ("source", "target mean")
    }
    rows = {name: cells for name, cells in rows.items() if set(cells) != {NOTHING}}
    if len(rows) > len(names):
        return _grid("task", names, rows)
    return _grid("arm", list(rows), {name: [cells[at] for cells in rows.values()] for at, name in enumerate(names)})


def _mean(score: Score | None) -> str:
    return spread(score.values) if score else NOTHING


def _grid(corner: str, header: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(corner, no_wrap=True)
    for name in header:
        table.add_column(escape(name), overflow="fold")
    for name, cells in rows.items():
        table.add_row(escape(name), *cells)
    return table


def _ledger(result: StudyResult) -> Table:
    table = Table("claim", "verdict", "effect", "95% interval", "seeds", "statement", box=None, pad_edge=False)
    reported = any(one.published for one in result.hypotheses)
    if reported:
        table.add_column("published")
    for one in result.hypotheses:
        verdict = f"[{COLOURS[one.verdict]}]{one.verdict}[/]"
        statement = escape(one.statement + (f" ({one.reason})" if one.reason else ""))
        cells = [one.name, verdict, effect(one), interval(one), str(one.seeds or NOTHING), statement]
        table.add_row(*cells, *([published(one)] if reported else []))
    return table


def published(one: Judged) -> str:
    """Write the numbers that were reported for a claim."""
    return "\n".join(f"{escape(what)} {value:g}" for what, value in one.published.items()) or NOTHING


def spread(values: Sequence[float]) -> str:
    """Write a mean and the standard deviation of what is there."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return NOTHING
    mean = f"{statistics.fmean(finite):.1f}"
    return f"{mean} ± {statistics.stdev(finite):.1f}" if len(finite) > 1 else mean


def effect(one: Judged) -> str:
    """Write an effect: a difference with its sign, and what it counts unless that is points."""
    if not math.isfinite(one.effect):
        return NOTHING
    text = f"{one.effect:+.2f} {'' if one.unit == 'points' else one.unit}".rstrip() if one.unit else f"{one.effect:.4g}"
    return text.replace("-", "−")


def interval(one: Judged) -> str:
    """Write an interval."""
    if not math.isfinite(one.low):
        return NOTHING
    return f"[{one.low:.2f}, {one.high:.2f}]".replace("-", "−")
