"""A study in the terminal: its plan, its progress, and its verdicts."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crosslift.studies.execute import Outcome
from crosslift.studies.plan import Job
from crosslift.studies.read import Definition
from crosslift.studies.result import Judged, Score, StudyResult
from crosslift.studies.tables import Scale
from crosslift.tables import format as fmt

COLOURS = {"confirmed": "green", "refuted": "red", "inconclusive": "yellow", "recorded": "blue"}


def values_of_plan(definition: Definition, scale: Scale, jobs: Sequence[Job]) -> dict[str, Any]:
    """Return the plan of a study as JSON holds it."""
    return {
        "schema": 1,
        "study": definition.name,
        "about": scale.about,
        "runs": [{"arm": job.arm, "task": job.task, "seed": job.seed, "done": job.done} for job in jobs],
        "device_hours": scale.device_hours,
    }


def print_plan(definition: Definition, scale: Scale, jobs: Sequence[Job]) -> None:
    """Print the question of a study and its runs."""
    console = Console()
    console.print(definition.study.title, style="bold", markup=False, highlight=False)
    console.print(f"{definition.study.question}\n\n{scale.about}\n", markup=False, highlight=False)
    table = Table("arm", "runs", "done", "description", box=None, pad_edge=False)
    for arm in definition.study.arms_at(scale):
        own = [job for job in jobs if job.arm == arm.name]
        if own:
            name = f"{arm.name} (control)" if arm.control else arm.name
            table.add_row(name, str(len(own)), str(sum(job.done for job in own)), escape(arm.about))
    console.print(table)
    if scale.device_hours:
        console.print(f"\nEstimated: {fmt.count(scale.device_hours)} hours on one accelerator.", highlight=False)


class Watch:
    """Reports on standard error how each run ended, and how long the rest may take."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.total = sum(not job.done for job in jobs)
        self.ended = 0
        self.start = time.monotonic()
        self.console = Console(stderr=True)

    def __call__(self, job: Job, outcome: Outcome) -> None:
        """Report one run."""
        self.ended += 1
        left = (time.monotonic() - self.start) / self.ended * (self.total - self.ended)
        rest = f", about {fmt.count(left / 60)} min to go" if self.ended < self.total else ""
        state = "done" if outcome.kind == "done" else "FAILED"
        self._print(f"[{self.ended}/{self.total}] {job.name}: {state}{rest}")
        for text in outcome.texts:
            self._print(f"    {text}")

    def _print(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False)


def print_result(result: StudyResult) -> None:
    """Print each arm's means, every verdict, and the runs that are missing or failed."""
    console = Console()
    if result.arms:
        console.print(means(result))
    console.print(_ledger(result))
    for failure in result.failures:
        if failure.kind != "warning":
            line = f"{failure.arm}, {failure.task}, seed {failure.seed}: {failure.text}"
            console.print(line, style="red", markup=False, highlight=False)


def means(result: StudyResult) -> Table:
    """Return each arm's mean over the source and over the targets of each task; the longer side becomes the rows."""
    summaries = [score for score in result.scores if score.kind == "summary"]
    by_key = {(score.arm, score.task, score.over): score for score in reversed(summaries)}
    names = [arm.name for arm in result.arms]
    rows = {
        f"{task} {over}": [_mean(by_key.get((name, task, over))) for name in names]
        for task in result.tasks
        for over in ("source", "target mean")
    }
    rows = {name: cells for name, cells in rows.items() if set(cells) != {fmt.MISSING}}
    if len(rows) > len(names):
        return _grid("task", names, rows)
    return _grid("arm", list(rows), {name: [cells[at] for cells in rows.values()] for at, name in enumerate(names)})


def _mean(score: Score | None) -> str:
    values = [value for value in score.values if math.isfinite(value)] if score else []
    if not values:
        return fmt.MISSING
    return fmt.with_spread(fmean(values), stdev(values) if len(values) > 1 else math.nan)


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
    with_published = any(one.published for one in result.hypotheses)
    if with_published:
        table.add_column("published")
    for one in result.hypotheses:
        verdict = f"[{COLOURS[one.verdict]}]{one.verdict}[/]"
        statement = escape(one.statement + (f" ({one.reason})" if one.reason else ""))
        interval = fmt.interval(one.low, one.high) or fmt.MISSING
        cells = [one.name, verdict, effect(one), interval, str(one.seeds or fmt.MISSING), statement]
        table.add_row(*cells, *([_published(one)] if with_published else []))
    return table


def _published(one: Judged) -> str:
    return "\n".join(f"{escape(name)} {fmt.number(value)}" for name, value in one.published.items()) or fmt.MISSING


def effect(one: Judged) -> str:
    """Write an effect: a difference with its sign and, unless it is in points, its unit."""
    if not one.unit or not math.isfinite(one.effect):
        return fmt.number(one.effect)
    unit = "" if one.unit == "points" else f" {one.unit}"
    return fmt.signed(one.effect, one.low, one.high) + unit
