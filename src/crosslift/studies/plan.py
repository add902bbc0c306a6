"""The runs of a study: each arm on each task with each seed; all recipes are checked before any starts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from crosslift import recipe as recipes
from crosslift.api import registry
from crosslift.api.examples import EMBEDDING_TASKS
from crosslift.errors import InputError, RecipeError, nearest, unknown
from crosslift.recipe import Recipe
from crosslift.studies.tables import Arm, Scale, Study

OPTIONS = ("data", "encoder")
"""Values with an option on the command line."""
_NAMED = re.compile(r"\$([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Job:
    """One run: its arm, task, seed, recipe and directory."""

    arm: str
    task: str
    seed: int
    recipe: Recipe
    directory: Path

    @property
    def name(self) -> str:
        """The name of the run in messages."""
        return f"{self.arm}, {self.task}, seed {self.seed}"

    @property
    def done(self) -> bool:
        """Whether the run is finished."""
        return (self.directory / "results.json").is_file()


def plan(
    study: Study,
    scale: Scale,
    output: Path,
    *,
    values: Mapping[str, Any],
    seeds: int,
    arms: Sequence[str] | None = None,
    tasks: Sequence[str] | None = None,
) -> list[Job]:
    """Return the runs of a study at a scale, those of seed 0 first, so that mistakes show early.

    Args:
        study: the study.
        scale: one of its scales.
        output: directory of the study; runs go to `runs/ARM/TASK/seed-N` in it.
        values: values of "$name" in recipes; they override those of the scale.
        seeds: number of seeds.
        arms: arms to run; all of the scale if None.
        tasks: tasks to run; all of the scale if None.

    Raises:
        InputError: an arm or a task that the scale does not have.
        RecipeError: a recipe with mistakes, or without a value that it needs.
    """
    known_arms = {arm.name: arm for arm in study.arms_at(scale)}
    chosen_arms = [known_arms[name] for name in _chosen("arm", list(known_arms), arms)]
    chosen_tasks = _chosen("task", list(scale.tasks), tasks)
    known = {**_filled(scale.values, values, "scale.values"), **values}
    pairs = [(arm, task) for arm in chosen_arms for task in chosen_tasks if arm.tasks == "all" or task in arm.tasks]
    recipes_of = {(arm.name, task): _recipe(scale, arm, task, known) for arm, task in pairs}
    return [
        Job(
            arm.name,
            task,
            seed,
            _seeded(recipes_of[arm.name, task], seed),
            output / "runs" / arm.name / task / f"seed-{seed}",
        )
        for seed in range(seeds)
        for arm, task in pairs
    ]


def _chosen(kind: str, known: Sequence[str], names: Sequence[str] | None) -> list[str]:
    for name in names or ():
        if name not in known:
            raise InputError(f"--{kind}s: {unknown(kind, name, known)}")
    return [name for name in known if names is None or name in names]


def _seeded(recipe: Recipe, seed: int) -> Recipe:
    return recipes.build({**recipes.values(recipe), "seed": seed}, where=recipe.name)


def _recipe(scale: Scale, arm: Arm, task: str, known: Mapping[str, Any]) -> Recipe:
    """Return the recipe of an arm on a task: the shared one, overridden by the task's, then by the arm's."""
    where = f"arm {arm.name}, task {task}"
    base = _lab() if scale.base == "lab" else {}
    layers = [_filled(layer, known, where) for layer in (scale.recipe, scale.tasks[task], arm.recipe)]
    values = {key: value for key, value in reduce(_overridden, layers, base).items() if key not in arm.without}
    for key, table in _filled(arm.each, known, where).items():
        values[key] = [_overridden(item, table) for item in values.get(key, [])]
    if "finetune" not in scale.tasks[task] and _is_embedding_only(task, values.get("evaluate", [{}])):
        values.pop("finetune", None)  # embedding tasks have no head to train
    if "finetune" in values:
        values["finetune"] = _longer({"task": task, **values["finetune"]}, arm.times)
    values["evaluate"] = [{"task": task, **table} for table in values.get("evaluate", [{}])]
    return recipes.build({**values, "name": arm.name}, where=where)


def _is_embedding_only(task: str, evaluated: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a run is scored on embedding tasks only; unknown names are found when recipes are built."""
    names = [str(table.get("task", task)) for table in evaluated]
    known = [registry.load("task", name).task_type for name in names if name in registry.entries("task")]
    return len(known) == len(names) and EMBEDDING_TASKS.issuperset(known)


def _lab() -> dict[str, Any]:
    """Return the recipe of the demo without its task."""
    values = recipes.read(recipes.LAB_RECIPE)
    finetune = {key: value for key, value in values["finetune"].items() if key != "task"}
    return {key: value for key, value in values.items() if key not in ("name", "evaluate")} | {"finetune": finetune}


def _longer(table: Mapping[str, Any], times: float) -> dict[str, Any]:
    longer = {"steps": lambda number: round(number * times), "epochs": lambda number: number * times}
    return {key: longer[key](value) if key in longer and times != 1 else value for key, value in table.items()}


def _overridden(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that others override: tables key by key, everything else as a whole."""
    changed = {
        key: _overridden(values[key], change)
        if isinstance(change, Mapping) and isinstance(values.get(key), Mapping)
        else change
        for key, change in changes.items()
    }
    return {**values, **changed}


def _filled(value: Any, known: Mapping[str, Any], where: str) -> Any:
    """Return values in which each text "$name" is replaced by its value; "$name/rest" stays a text."""
    if isinstance(value, Mapping):
        return {key: _filled(inner, known, where) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(inner, known, where) for inner in value]
    named = _NAMED.match(value) if isinstance(value, str) else None
    if named is None:
        return value
    name, rest = named[1], value[named.end() :]
    if name not in known:
        option = f"--{name} VALUE" if name in OPTIONS else f"{name}=VALUE"
        raise RecipeError(
            f"{where}: '{value}' needs a value for '{name}'{nearest(name, known)}; give {option} on the command line "
            f"(known: {', '.join(known) or 'none'})"
        )
    return f"{known[name]}{rest}" if rest else known[name]
