"""Tables of a study's stages and runs: probes, cost, failures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crosslift.report.runs.cells import frozen
from crosslift.report.runs.differences import TARGETS
from crosslift.report.runs.view import Statistic
from crosslift.report.study.cells import arm_cell, difference_cell, spread_cell
from crosslift.tables import format as fmt
from crosslift.tables.table import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosslift.report.runs.view import View
    from crosslift.report.study.view import Study
    from crosslift.studies.result import Failure


def probes(study: Study) -> list[Table]:
    """Return one table per task and probe: arms x stages."""
    found = [score for score in study.result.scores if score.kind == "probe"]
    return [_probe(study, task, metric) for task, metric in dict.fromkeys((s.task, s.metric) for s in found)]


def _probe(study: Study, task: str, metric: str) -> Table:
    own = [s for s in study.result.scores if (s.kind, s.task, s.metric) == ("probe", task, metric)]
    stages = list(dict.fromkeys(score.over for score in own))
    values = {(score.arm, score.over): Statistic.of(score.values) for score in own}
    rows = []
    for arm in study.arms:
        found = [values.get((arm.name, stage), Statistic()) for stage in stages]
        if any(statistic.seeds for statistic in found):
            rows.append([arm_cell(study, arm), *map(spread_cell, found)])
    name = fmt.words(metric).capitalize()
    caption = "Mean over the target languages; ± is the standard deviation over seeds."
    title = f"{name} ({task})" if len(study.result.tasks) > 1 else name
    return Table(title, caption, (Column("Arm", "text"), *(Column(f"After {s}") for s in stages)), frozen(rows))


def cost(study: Study, view: View | None) -> Table | None:
    """Return the cost of a run of each arm with its gain; None if no run has recorded it."""
    base = study.baseline.seconds if study.baseline else math.nan
    rows = [
        (
            arm_cell(study, arm),
            Cell(arm.seconds),
            Cell(arm.seconds / base if base else math.nan),
            Cell(_float(arm.steps)),
            Cell(_float(arm.tokens)),
            difference_cell(study.against(arm.name, view, TARGETS) if view else None),
        )
        for arm in study.arms
        if math.isfinite(arm.seconds)
    ]
    columns = (
        Column("Arm", "text"),
        Column("Time of a run", "seconds"),
        Column("Times the baseline", "ratio"),
        Column("Steps", "count"),
        Column("Tokens", "count"),
        Column("Difference", "difference", "From the baseline in the first task's target mean, in points"),
    )
    caption = "Means over the runs that computed a stage; pre-training, which all arms share, is left out."
    return Table("Cost of a run", caption, columns, frozen(rows)) if rows else None


def stages(study: Study) -> Table | None:
    """Return the cost of each stage of each arm; None if no run has recorded it."""
    rows = [
        (
            arm_cell(study, arm),
            *(Cell(str(stage.get(name, ""))) for name in ("task", "stage")),
            *(Cell(_float(stage.get(name))) for name in ("seconds", "steps", "tokens")),
        )
        for arm in study.arms
        for stage in arm.stages
    ]
    columns = (
        *(Column(name, "text") for name in ("Arm", "Task", "Stage")),
        Column("Time", "seconds"),
        Column("Steps", "count"),
        Column("Tokens", "count"),
    )
    return Table("Stage by stage", "", columns, frozen(rows)) if rows else None


def _float(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan


def failures(study: Study) -> Table | None:
    """Return runs that are missing, failed or have warnings, one row per text; None if there are none."""
    seeds: dict[tuple[str, str, str, str], list[int]] = {}
    for one in sorted(study.result.failures, key=_severity):
        seeds.setdefault((one.task, one.kind, one.text, one.arm), []).append(one.seed)
    arms: dict[tuple[str, str, str, str], list[str]] = {}
    for (task, kind, text, arm), own in seeds.items():
        arms.setdefault((task, kind, text, ", ".join(map(str, sorted(own)))), []).append(arm)
    rows = [
        (Cell(_listed(study, own)), Cell(task), Cell(listed), Cell(kind), Cell(text))
        for (task, kind, text, listed), own in arms.items()
    ]
    columns = (
        Column("Arm", "prose"),
        *(Column(name, "text") for name in ("Task", "Seeds", "Kind")),
        Column("Message", "prose"),
    )
    return Table("Failures, gaps and warnings", "", columns, frozen(rows)) if rows else None


def _listed(study: Study, arms: Sequence[str]) -> str:
    return f"all {len(arms)} arms" if 1 < len(arms) == len(study.result.arms) else ", ".join(arms)


def _severity(one: Failure) -> int:
    return ("failed", "missing", "warning").index(one.kind)
