"""A study from its definition to its result: plan, run, measure, judge, write."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crosslift.runs.write import environment, locked, write_text
from crosslift.studies import collect
from crosslift.studies.evidence import Evidence
from crosslift.studies.execute import Outcome, execute
from crosslift.studies.maps import maps
from crosslift.studies.measure import measure
from crosslift.studies.plan import Job, plan
from crosslift.studies.prepare import PREPARED, prepared
from crosslift.studies.read import Definition, load
from crosslift.studies.result import FILE, SCHEMA, StudyResult
from crosslift.studies.tables import Scale
from crosslift.studies.token_budget import unequal_tokens
from crosslift.studies.verdicts import judge
from crosslift.tables import format as fmt

OnEnd = Callable[[Job, Outcome], None]


@dataclass(frozen=True)
class Settings:
    """The settings of a run of a study.

    Args:
        scale: one of its scales.
        seeds: number of seeds, from 0 on; as the scale says if None.
        arms: arms to run; all of the scale if None.
        tasks: tasks to run; all of the scale if None.
        values: values of "$name" in its recipes.
        processes: parallel runs on this machine.
        cluster: address of a Ray cluster to run on instead.
    """

    scale: str = "lab"
    seeds: int | None = None
    arms: tuple[str, ...] | None = None
    tasks: tuple[str, ...] | None = None
    values: Mapping[str, Any] | None = None
    processes: int = 1
    cluster: str | None = None


def planned(definition: Definition, output: Path, settings: Settings, *, prepared_in: Path | None = None) -> list[Job]:
    """Return every run of a study, finished ones included; all recipes are checked.

    Files that recipes need are made in `prepared_in`, or below `output` if None.

    Raises:
        InputError: no such scale, arm or task, a missing value, or a recipe with mistakes.
    """
    scale = definition.scale(settings.scale)
    return plan(
        definition.study,
        scale,
        output,
        values=prepared(scale, prepared_in or output / PREPARED, settings.values or {}),
        seeds=settings.seeds or scale.seeds,
        arms=settings.arms,
        tasks=settings.tasks,
    )


def study(
    name: str | Path,
    output: Path | str | None = None,
    *,
    settings: Settings | None = None,
    on_end: OnEnd = lambda _job, _outcome: None,
    **changes: Any,
) -> StudyResult:
    """Run the missing runs of a study, judge its hypotheses and write study.json.

    Args:
        name: name of a ready study, or a TOML file.
        output: its directory; runs/studies/NAME-SCALE if None.
        settings: how it is run.
        on_end: called with each run when it ends, and its outcome.
        **changes: fields of `Settings` that override them.

    Raises:
        InputError: no such study, scale, arm or task, or a recipe with mistakes; nothing is run then.
        RunError: a process of a run died.
    """
    settings = replace(settings or Settings(), **changes)
    definition = load(name)
    directory = Path(output) if output else directory_of(definition, settings)
    jobs = planned(definition, directory, settings)
    failed: dict[tuple[str, str, int], str] = {}

    def ended(job: Job, outcome: Outcome) -> None:
        if outcome.kind == "failed":
            failed[job.arm, job.task, job.seed] = " ".join(outcome.texts)
        on_end(job, outcome)

    with locked(directory / ".lock"):
        missing = [job for job in jobs if not job.done]
        if missing:
            execute(missing, processes=settings.processes, cluster=settings.cluster, on_end=ended)
        values = _rounded(gather(definition, settings, jobs, failed).model_dump(mode="json", by_alias=True))
        write_text(
            directory / FILE, json.dumps(values, ensure_ascii=False) + "\n"
        )  # compact, since repositories keep it
    return StudyResult.model_validate(values)


def _environment(scale: Scale) -> dict[str, Any]:
    """Return what numbers may depend on, except the command."""
    facts = environment({"about": scale.about}, "")
    kept = ("crosslift", "python", "packages", "machine", "processor", "processors", "started")
    return {key: facts[key] for key in kept}


def _rounded(value: Any) -> Any:
    """Return numbers with six significant digits, since repositories keep studies."""
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return fmt.rounded(value) if isinstance(value, float) else value


def directory_of(definition: Definition, settings: Settings) -> Path:
    """Return the default directory of a study."""
    return Path("runs") / "studies" / f"{definition.name}-{settings.scale}"


def gather(
    definition: Definition, settings: Settings, jobs: Sequence[Job], failed: Mapping[tuple[str, str, int], str]
) -> StudyResult:
    """Return the result of the runs that are finished."""
    scale, asked = definition.scale(settings.scale), definition.study
    found = Evidence(jobs, tuple(scale.tasks))
    source, facts = collect.facts(found)
    measured = measure(one.rule for one in asked.hypothesis)
    compared, named = collect.comparisons(found, asked.baseline)
    arms = tuple(collect.arms(found, [asked.arms[name] for name in dict.fromkeys(job.arm for job in jobs)]))
    return StudyResult(
        schema=SCHEMA,
        study=definition.name,
        title=asked.title,
        question=asked.question,
        background=asked.background,
        scale=settings.scale,
        about=scale.about,
        baseline=asked.baseline,
        source=source,
        seeds=tuple(dict.fromkeys(job.seed for job in jobs)),
        tasks=tuple(dict.fromkeys(job.task for job in jobs)),
        arms=arms,
        scores=tuple(collect.scores(found)),
        comparisons=tuple(compared),
        test=named,
        hypotheses=tuple(judge(one, found, measured) for one in asked.hypothesis),
        grids=tuple(collect.grids(found)),
        curves=tuple(collect.curves(found)),
        maps=tuple(maps(found, asked.maps)),
        languages=facts,
        failures=tuple(collect.failures(found, failed)),
        notes=tuple(unequal_tokens(arms)),
        limitations=(*asked.limitations, *scale.limitations),
        references=asked.references,
        environment=_environment(scale),
        command=shlex.join(["crosslift", *sys.argv[1:]]),
        definition=definition.text,
        definition_hash=definition.hash,
    )
