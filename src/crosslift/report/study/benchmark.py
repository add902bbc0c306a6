"""The table of all tasks of a study, as benchmarks such as XTREME print it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.report.runs.cells import frozen, with_best
from crosslift.report.runs.view import Statistic
from crosslift.report.study.cells import arm_cell, spread_cell
from crosslift.stats.benchmark import benchmark_score, counted
from crosslift.tables import format as fmt
from crosslift.tables.table import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crosslift.report.runs.view import View
    from crosslift.report.study.view import Study
    from crosslift.studies.result import Score

FEWEST = 3
"""Tasks below which a table of all of them adds nothing to their own tables."""


def benchmark(study: Study) -> Table | None:
    """Return arms x tasks with their means; None if there are too few tasks.

    A task's score is the mean over its languages, source included, as in XTREME; for question answering it is the mean
    of F1 and exact match.  An arm that lacks a task has no mean over tasks.
    """
    views = _views(study)
    if len(views) < FEWEST:
        return None
    scored = {arm.name: _by_seed(study, arm.name, views) for arm in study.arms}
    columns = [Column("Arm", "text")]
    columns += [Column(_name(task), note=_note(own)) for task, own in views.items()]
    columns += [
        Column("Mean", note="Mean over tasks, source languages included, as in XTREME"),
        Column("Targets", note="The same for means over target languages only"),
    ]
    rows = [
        [arm_cell(study, arm), *_cells(scored[arm.name], list(views))] for arm in study.arms if any(scored[arm.name])
    ]
    caption = (
        "Percent, mean over the languages of each task, source included; ± is the standard deviation over seeds. "
        "Question answering is the mean of F1 and exact match. Columns are not comparable with each other."
    )
    return Table("All tasks", caption, tuple(columns), frozen(with_best(rows, column=len(views) + 1)))


def _views(study: Study) -> dict[str, list[View]]:
    """Return the views of each task that its score is averaged from."""
    found: dict[str, list[View]] = {}
    for view in study.views:
        found.setdefault(view.task, []).append(view)
    return {task: [v for v in own if v.metric in counted([v.metric for v in own])] for task, own in found.items()}


def _name(task: str) -> str:
    """Return the title of a column: the benchmark, without the task that its model was trained for."""
    return task.rpartition(": ")[2]


def _note(own: Sequence[View]) -> str:
    metrics = " and ".join(fmt.words(view.metric) for view in own)
    return f"{metrics}, {fmt.plural(len(own[0].languages), 'language')}"


def _by_seed(study: Study, arm: str, views: Mapping[str, Sequence[View]]) -> list[dict[str, dict[str, float]]]:
    """Return for each seed {task: {"all": ..., "targets": ...}}, with the means over tasks as the task ""."""
    metrics = {task: [view.metric for view in own] for task, own in views.items()}
    found = []
    for seed in study.result.seeds:
        score = benchmark_score(_summary(study, arm, seed), metrics)
        if score is not None:
            whole = {key: score[key] for key in ("all", "targets") if score[key] is not None}
            found.append({**score["tasks"], **({"": whole} if len(score["tasks"]) == len(views) else {})})
    return found


def _summary(study: Study, arm: str, seed: int) -> list[dict[str, object]]:
    """Return the means over languages of each task and metric in one run, as rows of results.json."""
    values: dict[tuple[str, str], dict[str, list[float]]] = {}
    for score in study.result.scores:
        if score.arm == arm and seed in score.seeds and (kind := _kind(score)):
            own = values.setdefault((score.task, score.metric), {})
            own.setdefault(kind, []).append(score.values[score.seeds.index(seed)])
    return [
        {"task": task, "metric": metric, "all_mean": sum(own["all"]) / len(own["all"]), "target_mean": _first(own)}
        for (task, metric), own in values.items()
        if own.get("all")
    ]


def _kind(score: Score) -> str:
    if score.kind == "language":
        return "all"
    return "targets" if (score.kind, score.over) == ("summary", "target mean") else ""


def _first(own: Mapping[str, Sequence[float]]) -> float | None:
    return next(iter(own.get("targets", ())), None)


def _cells(scored: Sequence[Mapping[str, Mapping[str, float]]], tasks: Sequence[str]) -> list[Cell]:
    wanted = [*((task, "all") for task in tasks), ("", "all"), ("", "targets")]
    statistics = (Statistic.of(one[task][kind] for one in scored if kind in one.get(task, {})) for task, kind in wanted)
    return list(map(spread_cell, statistics))
