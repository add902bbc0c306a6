"""Run directories as systems: runs of one recipe that differ only in seed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from crosslift.errors import InputError, nearest
from crosslift.runs.read import find, read_recipe, read_results
from crosslift.runs.schema import Results

_ELSEWHERE = re.compile(r"(.+\.)?seed|data\.path|evaluated\.model")
"""Keys of a recipe that say which run it is or where it ran, not what was run."""


@dataclass(frozen=True)
class Scored:
    """A score in one language, or in a pair of languages written `first-second`."""

    task: str
    language: str
    metric: str
    value: float
    selection: str


@dataclass(frozen=True, eq=False)
class Run:
    """A run: its directory, results, the recipe's values by dotted key, and the setting that is looked at.

    Tasks that `crosslift evaluate` scored elsewhere are in `elsewhere`, with their directory.
    """

    directory: Path
    results: Results
    settings: Mapping[str, Any]
    generalized: bool = False
    elsewhere: Mapping[str, Path] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """The recipe's seed."""
        return self.results.seed

    @cached_property
    def scores(self) -> list[Scored]:
        """The scores of the setting that is looked at: of languages, or of pairs of them."""
        if self.generalized:
            return [
                Scored(grid.task, f"{cell.first}-{cell.second}", grid.metric, cell.value, grid.selection)
                for grid in self.results.generalized
                for cell in grid.cells
            ]
        return [
            Scored(score.task, score.language, score.metric, score.value, score.selection)
            for score in self.results.scores
        ]

    def rules(self, task: str) -> list[str]:
        """Return the checkpoint rules that a task was scored under."""
        return list(dict.fromkeys(score.selection for score in self.scores if score.task == task))

    def rule(self, task: str, selection: str | None) -> str:
        """Return the rule asked for, or the one of the weights that the run kept.

        Raises:
            InputError: the task was not scored under this rule.
        """
        rules = self.rules(task)
        if selection is not None and selection not in rules:
            raise InputError(
                f"{self.directory}: {task} was not scored under the rule '{selection}'{nearest(selection, rules)} "
                f"(there is: {', '.join(rules)})"
            )
        return selection or self._kept(task)

    def predictions(self, task: str, rule: str) -> Path:
        """Return the folder of a task's predictions under a rule."""
        folder = "predictions" if rule == self._kept(task) else f"predictions.{rule}"
        return self._directory(task) / folder / (f"{task}.generalized" if self.generalized else task)

    def _directory(self, task: str) -> Path:
        return self.elsewhere.get(task, self.directory)

    def _kept(self, task: str) -> str:
        rules = self.rules(task)
        kept = [rule for rule in rules if not (self._directory(task) / f"predictions.{rule}" / task).is_dir()]
        chosen = str(self.settings.get("finetune.selection"))
        return chosen if chosen in kept or not kept else kept[0]


@dataclass(frozen=True)
class System:
    """A recipe without its seed: its runs, ordered by seed."""

    name: str
    runs: tuple[Run, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of its runs."""
        return tuple(run.seed for run in self.runs)


def systems(paths: Sequence[Path], *, generalized: bool = False) -> tuple[list[System], list[str]]:
    """Return the systems that runs belong to, the first run's first, and what a reader should know of the grouping.

    Args:
        paths: run directories, or folders of some.
        generalized: look at pairs of languages.

    Raises:
        InputError: no run, a damaged one, one seed of a recipe twice, or one system alone.
    """
    if not paths:
        raise InputError("nothing to compare: expected two or more run directories")
    found = [_read(directory, generalized) for directory in dict.fromkeys(_directories(paths))]
    groups: dict[str, list[list[Run]]] = {}
    for run in found:
        _join(groups.setdefault(run.results.recipe, []), run)
    made = _named(found, groups)
    if len(made) == 1:
        raise InputError(
            f"all {len(found)} run(s) are of one recipe, {made[0].name}, with seed(s) "
            f"{', '.join(map(str, made[0].seeds))}; expected runs of two recipes or more, the baseline's first"
        )
    return made, list(_same_names(groups))


def _directories(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from (directory.resolve() for directory in find(path))


def _read(directory: Path, generalized: bool) -> Run:
    shown = directory.relative_to(Path.cwd()) if directory.is_relative_to(Path.cwd()) else directory
    _, settings = read_recipe(shown / "recipe.toml")
    results = read_results(shown / "results.json")
    whole = {**settings, "evaluated": results.evaluated}
    flat = {key: value for key, value in _flat(whole) if not _ELSEWHERE.fullmatch(key)}
    return Run(shown, results, flat, generalized)


def _flat(values: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) of nested tables."""
    children: Iterable[tuple[Any, Any]] = ()
    if isinstance(values, dict):
        children = values.items()
    elif isinstance(values, list) and any(isinstance(value, dict) for value in values):
        children = enumerate(values)
    else:
        yield key, values
    for name, value in children:
        yield from _flat(value, f"{key}.{name}" if key else str(name))


def _join(groups: list[list[Run]], run: Run) -> None:
    """Put a run to those of the same recipe.

    Raises:
        InputError: its seed is among them, and not as another task of the same model.
    """
    group = next((group for group in groups if group[0].settings == run.settings), None)
    if group is None:
        groups.append([run])
        return
    place = next((place for place, other in enumerate(group) if other.seed == run.seed), None)
    if place is None:
        group.append(run)
    else:
        group[place] = _together(group[place], run)


def _together(twin: Run, run: Run) -> Run:
    """Return one run of two directories, if `crosslift evaluate` made both of one model, and of other tasks."""
    results = twin.results.joined(run.results)
    if results is None:
        raise InputError(
            f"{run.directory}: recipe '{run.results.recipe}' with seed {run.seed} is also in {twin.directory}; "
            "expected each seed of a recipe once, or it would count twice"
        )
    elsewhere = dict.fromkeys(run.results.tasks, run.directory)
    return replace(twin, results=results, elsewhere={**twin.elsewhere, **elsewhere})


def _named(found: Sequence[Run], groups: Mapping[str, list[list[Run]]]) -> list[System]:
    """Return systems in the order of their first runs; those that share a recipe's name are told apart by folder."""
    made = []
    for name, same in groups.items():
        for group in same:
            shown = name if len(same) == 1 else f"{name} ({group[0].directory})"
            made.append(System(shown, tuple(sorted(group, key=lambda run: run.seed))))
    place = {run.directory: index for index, run in enumerate(found)}
    return sorted(made, key=lambda system: min(place[run.directory] for run in system.runs))


def _same_names(groups: Mapping[str, list[list[Run]]]) -> Iterator[str]:
    for name, same in groups.items():
        if len(same) > 1:
            keys = sorted(set().union(*(_differing(same[0][0], group[0]) for group in same[1:])))
            shown = ", ".join(keys[:5]) + (", ..." if len(keys) > 5 else "")
            yield f"Recipes called {name} differ in more than the seed ({shown}), so they are {len(same)} systems."


def _differing(one: Run, other: Run) -> set[str]:
    keys = one.settings.keys() | other.settings.keys()
    return {key for key in keys if one.settings.get(key) != other.settings.get(key)}
