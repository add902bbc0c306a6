"""Evidence on the difference between two arms of a study: effect, interval, p-value."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from crosslift.comparison import Comparison, Comparisons, compare
from crosslift.errors import InputError
from crosslift.runs.read import read_results
from crosslift.runs.schema import Results
from crosslift.runs.write import NOT_LEARNED
from crosslift.stats.interval import Scores, estimate
from crosslift.studies.plan import Job
from crosslift.studies.rules import AGREEMENT, FINETUNE, PAIRS, TARGETS, Difference
from crosslift.tables import format as fmt

MEANS = {TARGETS: "target mean", PAIRS: "mean of pairs"}
"""The names in `crosslift.compare` for the shorter ones in rules."""


@dataclass(frozen=True)
class Effect:
    """A difference in percentage points (or a probe's unit) with its 95% interval; `agree` counts languages."""

    effect: float
    low: float
    high: float
    p: float
    seeds: int
    languages: int = 0
    agree: int = 0


class NoEvidenceError(InputError):
    """The runs that a rule needs are missing, or lack the number that it asks for."""


@dataclass
class Evidence:
    """The finished runs of a study by arm, task and seed.

    Args:
        jobs: all runs of the study; unfinished ones are left out.
        tasks: the tasks of the scale, in order.
    """

    jobs: Sequence[Job]
    tasks: Sequence[str]
    _compared: dict[tuple[str, str, str, bool], list[Comparison]] = field(default_factory=dict)

    @cached_property
    def runs(self) -> dict[tuple[str, str], dict[int, Path]]:
        """Directories by (arm, task) and seed."""
        found: dict[tuple[str, str], dict[int, Path]] = {}
        for job in self.jobs:
            if job.done:
                found.setdefault((job.arm, job.task), {})[job.seed] = job.directory
        return found

    @cached_property
    def kept(self) -> dict[Path, str]:
        """The selection rule of the weights that each run saved."""
        return {job.directory: job.recipe.finetune.selection if job.recipe.finetune else "last" for job in self.jobs}

    @cached_property
    def results(self) -> dict[Path, Results]:
        """The results of each run."""
        return {path: read_results(path / "results.json") for runs in self.runs.values() for path in runs.values()}

    def of(self, wanted: Difference) -> Effect:
        """Return the effect of a difference that a rule asks for.

        Raises:
            NoEvidenceError: runs are missing, or have no such number.
        """
        if wanted.of in MEANS and wanted.over_task in (None, wanted.task):
            return self._compared_effect(wanted, MEANS[wanted.of])
        if wanted.of in (TARGETS, PAIRS, AGREEMENT) or self._is_probe(wanted):
            return self._over_seeds(wanted)
        return self._compared_effect(wanted, wanted.of)

    def unlearned(self, wanted: Difference) -> str:
        """Name the sides of a difference that did not learn the task in the source language; nothing if both did.

        Measurements before fine-tuning do not depend on it.
        """
        if wanted.stage != FINETUNE:
            return ""
        task = wanted.task or self.tasks[0]
        sides = [(wanted.over, wanted.over_task or task), (wanted.system, task)]
        return " and ".join(filter(None, (self._unlearned(*side, wanted.source_at_least) for side in sides)))

    def _unlearned(self, arm: str, task: str, least: float) -> str:
        results = [self.results[path] for path in self.runs.get((arm, task), {}).values()]
        failed = sum(_at_chance(one) or any(row.source_value < least for row in one.summary[:1]) for one in results)
        asked = f" (the rule requires {fmt.number(least)})" if least else ""
        return f"{failed} of {len(results)} runs of {arm} on {task} did not learn it{asked}" if failed else ""

    def by_language(self, wanted: Difference) -> list[tuple[str, Effect, float]]:
        """Return (language, effect, p) of every target language, with unadjusted p."""
        task = wanted.task or self.tasks[0]
        if wanted.over_task in (None, task):
            rows = [row for row in self._rows(wanted) if not row.averaged and row.over in self._targets(wanted, task)]
            return [(row.over, _of_comparison(row), row.p) for row in rows]
        return [
            (code, found, found.p) for code in self._targets(wanted, task) for found in [self._language(wanted, code)]
        ]

    def compared(self, over: str, system: str, task: str, *, generalized: bool) -> list[Comparison]:
        """Return the comparisons of two arms on a task.

        Raises:
            NoEvidenceError: one of them has no runs, or no scores in this setting.
        """
        key = (over, system, task, generalized)
        if key not in self._compared:
            rows = self.against(over, [system], task, generalized=generalized).comparisons
            self._compared[key] = [row for row in rows if row.task == rows[0].task]
        return self._compared[key]

    def against(self, over: str, systems: Sequence[str], task: str, *, generalized: bool) -> Comparisons:
        """Return the comparisons of several arms with one, p-values adjusted for all of them.

        Raises:
            NoEvidenceError: one of them has no runs, or no scores in this setting.
        """
        paths = [path for arm in (over, *systems) for path in self._directories(arm, task).values()]
        try:
            return compare(paths, generalized=generalized, advance=lambda: None)
        except InputError as error:
            raise NoEvidenceError(str(error)) from error

    def _rows(self, wanted: Difference) -> list[Comparison]:
        task = wanted.task or self.tasks[0]
        rows = self.compared(wanted.over, wanted.system, task, generalized=wanted.of == PAIRS)
        chosen = [row for row in rows if (row.first_metric if wanted.metric is None else row.metric == wanted.metric)]
        if not chosen:
            raise NoEvidenceError(f"{task} has no metric '{wanted.metric}'")
        return chosen

    def _compared_effect(self, wanted: Difference, over: str) -> Effect:
        for row in self._rows(wanted):
            if row.over == over:
                return _of_comparison(row)
        raise NoEvidenceError(f"the runs of {wanted.system} and {wanted.over} have no score over '{wanted.of}'")

    def _targets(self, wanted: Difference, task: str) -> list[str]:
        """Return the target languages that were scored."""
        one = next(iter(self._directories(wanted.system, task).values()))
        sources = {row.source for row in self.results[one].summary}
        return [code for code in dict.fromkeys(s.language for s in self.results[one].scores) if code not in sources]

    def _is_probe(self, wanted: Difference) -> bool:
        task = wanted.task or self.tasks[0]
        paths = self._directories(wanted.system, task).values()
        return any(probe.metric == wanted.of for path in paths for probe in self.results[path].probes)

    def _over_seeds(self, wanted: Difference) -> Effect:
        """Return an effect whose interval covers only the spread between runs (Student's t)."""
        return self._paired(wanted, lambda results, kept: _number(results, kept, wanted))

    def _language(self, wanted: Difference, code: str) -> Effect:
        return self._paired(wanted, lambda results, kept: _score(results, kept, wanted.metric, code))

    def _paired(self, wanted: Difference, number: Callable[[Results, str], float]) -> Effect:
        task = wanted.task or self.tasks[0]
        system = self._directories(wanted.system, task)
        over = self._directories(wanted.over, wanted.over_task or task)
        seeds = sorted(system.keys() & over.keys())
        if not seeds:
            raise NoEvidenceError(f"{wanted.system} and {wanted.over} have no seed in common")
        sides = [np.array([self._number(runs[seed], number) for seed in seeds]) for runs in (over, system)]
        if not np.isfinite(sides).all():
            raise NoEvidenceError(f"runs of {wanted.system} or {wanted.over} have no '{wanted.of}'")
        return _of_runs(sides[0], sides[1])

    def _number(self, path: Path, number: Callable[[Results, str], float]) -> float:
        return number(self.results[path], self.kept[path])

    def _directories(self, arm: str, task: str) -> Mapping[int, Path]:
        found = self.runs.get((arm, task))
        if not found:
            raise NoEvidenceError(f"no run of {arm} on {task} is finished")
        return found


def _at_chance(results: Results) -> bool:
    return any(NOT_LEARNED in text for text in results.warnings)


def _of_comparison(row: Comparison) -> Effect:
    languages = row.wins + row.ties + row.losses if row.averaged else 0
    return Effect(row.effect, row.low, row.high, row.p, row.seeds, languages, row.agree if row.averaged else 0)


def _of_runs(over: np.ndarray, system: np.ndarray) -> Effect:
    """Return the mean difference of paired runs; test items are not resampled."""
    if len(over) == 1:
        effect = float(system[0] - over[0])
        return Effect(effect, math.nan, math.nan, math.nan, 1)
    sides = [Scores(values, np.stack([values, values])) for values in (over, system)]
    found = estimate(sides[0], sides[1], paired=True, items=2)
    return Effect(found.effect, found.low, found.high, found.p, len(over))


def _number(results: Results, kept: str, wanted: Difference) -> float:
    """Return the number of one run that a rule asks for; NaN if the run does not have it."""
    if wanted.of == TARGETS:
        summaries = (row for row in results.summary if wanted.metric in (None, row.metric) and row.selection == kept)
        found = [row.target_mean for row in summaries]
    elif wanted.of == PAIRS:
        found = [statistics.fmean(cell.value for cell in grid.cells) for grid in results.generalized]
    elif wanted.of == AGREEMENT:
        found = [row.agreement for row in results.consistency if row.selection == kept]
    else:
        values = [row.value for row in results.probes if (row.metric, row.stage) == (wanted.of, wanted.stage)]
        found = [statistics.fmean(values)] if values else []
    return found[0] if found else math.nan


def _score(results: Results, kept: str, metric: str | None, code: str) -> float:
    rows = (row for row in results.scores if (row.language, row.selection) == (code, kept))
    return next((row.value for row in rows if metric in (None, row.metric)), math.nan)
