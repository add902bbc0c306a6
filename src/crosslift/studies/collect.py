"""The parts of a study's result that are collected from its runs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crosslift import languages
from crosslift.runs.read import read_log
from crosslift.runs.schema import Results, Stage
from crosslift.studies.evidence import MEANS, Evidence
from crosslift.studies.result import ArmResult, Curve, Failure, Grid, LanguageFact, Score
from crosslift.studies.tables import Arm

SHARED = "pretrain"
"""The stage that all arms share, which is not part of any arm's cost."""


def arms(found: Evidence, wanted: Sequence[Arm]) -> list[ArmResult]:
    """Return each arm with the cost of a run on its first task."""
    return [_arm(arm, found) for arm in wanted]


def _arm(arm: Arm, found: Evidence) -> ArmResult:
    rows = [_stage(task, name, group) for task in found.tasks for name, group in _paid(found, arm.name, task)]
    first = next((row["task"] for row in rows), "")
    own = [row for row in rows if row["task"] == first and row["stage"] != SHARED]
    return ArmResult(
        name=arm.name,
        about=arm.about,
        control=arm.control,
        seconds=sum(row["seconds"] for row in own) if own else math.nan,
        steps=sum(row["steps"] for row in own) if own else None,
        tokens=sum(row["tokens"] for row in own) if own else None,
        stages=tuple(rows),
    )


def _paid(found: Evidence, arm: str, task: str) -> Iterator[tuple[str, list[Stage]]]:
    """Yield each stage of an arm with its records in the runs that computed it, or in all runs if none did."""
    entries = [stage for path in found.runs.get((arm, task), {}).values() for stage in found.results[path].stages]
    for name in dict.fromkeys(entry.stage for entry in entries):
        same = [entry for entry in entries if entry.stage == name]
        yield name, [entry for entry in same if not entry.cached] or same


def _stage(task: str, name: str, entries: Sequence[Stage]) -> dict[str, Any]:
    return {
        "task": task,
        "stage": name,
        "seconds": statistics.fmean(entry.seconds for entry in entries),
        "steps": round(statistics.fmean(entry.steps or 0 for entry in entries)),
        "tokens": round(statistics.fmean(entry.tokens or 0 for entry in entries)),
    }


def scores(found: Evidence) -> list[Score]:
    """Return every number of every arm, one value per seed."""
    return [score for (arm, task), runs in found.runs.items() for score in _scores(found, arm, task, sorted(runs))]


def _scores(found: Evidence, arm: str, task: str, seeds: Sequence[int]) -> Iterator[Score]:
    runs = found.runs[arm, task]
    numbers = [dict(_numbers(found.results[runs[seed]], found.kept[runs[seed]])) for seed in seeds]
    first = next((score.task for score in found.results[runs[seeds[0]]].scores), task)
    for key in dict.fromkeys(key for one in numbers for key in one):
        kind, metric, over, scored = key
        values = tuple(one.get(key, math.nan) for one in numbers)
        kept = found.kept[runs[seeds[0]]]
        yield Score(
            arm=arm,
            task=_called(task, scored or first, first),
            metric=metric,
            kind=kind,
            over=over,
            seeds=tuple(seeds),
            values=values,
            selection=kept,
        )


def _called(task: str, scored: str, first: str) -> str:
    """Return the name of a scored benchmark: the study's task, followed by the benchmark if it is a different one."""
    return task if scored == first else f"{task}: {scored}"


def _numbers(results: Results, kept: str) -> Iterator[tuple[tuple[str, str, str, str], float]]:
    """Yield ((kind, metric, over, task), value) of one run."""
    for score in results.scores:
        if score.selection == kept:
            yield ("language", score.metric, score.language, score.task), score.value
    for row in results.summary:
        if row.selection == kept:
            named = {"target mean": row.target_mean, "source": row.source_value, "transfer gap": row.transfer_gap}
            for over, value in named.items():
                yield ("summary", row.metric, over, row.task), value
    yield from _pair_numbers(results, kept)
    probes: dict[tuple[str, str], list[float]] = {}
    for probe in results.probes:
        probes.setdefault((probe.metric, probe.stage), []).append(probe.value)
    for (metric, stage), values in probes.items():
        yield ("probe", metric, stage, ""), statistics.fmean(values)


def _pair_numbers(results: Results, kept: str) -> Iterator[tuple[tuple[str, str, str, str], float]]:
    """Yield ((kind, metric, over, task), value) about pairs of languages."""
    for grid in results.generalized:
        apart = [cell.value for cell in grid.cells if cell.first != cell.second]
        yield ("pairs", grid.metric, "mean of pairs", grid.task), statistics.fmean(cell.value for cell in grid.cells)
        yield ("off-diagonal", grid.metric, "two languages", grid.task), statistics.fmean(apart) if apart else math.nan
    for row in results.consistency:
        if row.selection == kept:
            yield ("agreement", "agreement", "pairs of languages", row.task), row.agreement
            yield ("fleiss_kappa", "fleiss_kappa", "all languages", row.task), row.fleiss_kappa


def comparisons(found: Evidence, baseline: str) -> tuple[list[dict[str, Any]], str]:
    """Return every arm against the baseline on every task, in both settings, and the name of the test.

    Rows are those of `compare --json` plus `generalized`; of pairs of languages, only the mean.
    """
    rows, named = [], ""
    for task in found.tasks:
        for generalized in (False, True):
            scored = [arm for arm, of in found.runs if of == task and _has(found, arm, task, generalized=generalized)]
            others = [arm for arm in scored if arm != baseline]
            if baseline in scored and others:
                compared = found.against(baseline, others, task, generalized=generalized)
                kept = [
                    row for row in compared.values()["comparisons"] if row["over"] in MEANS.values() or not generalized
                ]
                first = kept[0]["task"]
                rows += [{**row, "task": _called(task, row["task"], first), "generalized": generalized} for row in kept]
                named = named or compared.test
    return rows, named


def _has(found: Evidence, arm: str, task: str, *, generalized: bool) -> bool:
    """Return whether every run of an arm has scores in a setting."""
    results = [found.results[path] for path in found.runs[arm, task].values()]
    return all(one.generalized if generalized else one.scores for one in results)


def grids(found: Evidence) -> list[Grid]:
    """Return the generalized setting of each arm, as means over seeds."""
    made = []
    for (arm, task), runs in found.runs.items():
        read = [grid for path in runs.values() for grid in found.results[path].generalized]
        if read:
            cells: dict[tuple[str, str], list[float]] = {}
            for grid in read:
                for cell in grid.cells:
                    cells.setdefault((cell.first, cell.second), []).append(cell.value)
            codes = tuple(dict.fromkeys(first for first, _ in cells))
            square = tuple(tuple(_mean(cells.get((one, other), ())) for other in codes) for one in codes)
            made.append(Grid(arm=arm, task=task, metric=read[0].metric, languages=codes, cells=square))
    return made


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return round(statistics.fmean(numbers), 3) if numbers else math.nan


def facts(found: Evidence) -> tuple[str, dict[str, LanguageFact]]:
    """Return the source language and the facts about all languages scored."""
    known: dict[str, LanguageFact] = {}
    sources = []
    for results in found.results.values():
        sources += [row.source for row in results.summary]
        for code, language in results.languages.items():
            known.setdefault(
                code,
                LanguageFact(
                    name=language.name,
                    script=language.script,
                    family=language.family,
                    description=language.description,
                    distance=language.distance,
                    resources=languages.get(code).resources,
                ),
            )
    return (sources[0] if sources else ""), known


def failures(found: Evidence, ended: Mapping[tuple[str, str, int], str]) -> list[Failure]:
    """Return the runs that failed or are missing, and the warnings of the others.

    Args:
        found: the runs.
        ended: errors of failed runs, by (arm, task, seed).
    """
    made = []
    for job in found.jobs:
        of_run = {"arm": job.arm, "task": job.task, "seed": job.seed}
        failed = ended.get((job.arm, job.task, job.seed))
        if failed is not None:
            made.append(Failure(kind="failed", text=failed, **of_run))
        elif not job.done:
            made.append(Failure(kind="missing", text="not run yet", **of_run))
        else:
            texts = found.results[job.directory].warnings
            made += [Failure(kind="warning", text=text, **of_run) for text in texts]
    return made


def curves(found: Evidence) -> list[Curve]:
    """Return the source development scores of each arm's fine-tuning by step, as means over seeds."""
    made = []
    for (arm, task), runs in found.runs.items():
        values: dict[int, list[float]] = {}
        for line in (line for path in runs.values() for line in read_log(path / "log.jsonl")):
            if line.stage == "finetune" and line.dev:
                values.setdefault(line.step, []).append(next(iter(line.dev.values())))
        if values:
            steps = sorted(values)
            means = tuple(_mean(values[step]) for step in steps)
            made.append(Curve(arm=arm, task=task, steps=tuple(steps), values=means))
    return made
