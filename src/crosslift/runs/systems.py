"""The one rule of which runs make up a system: those with the same settings, whatever their seeds and places.

Recipes of one name that differ in a setting are different systems; their names then show a folder, and a note says
which settings differ.  Imports no torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crosslift.errors import InputError
from crosslift.runs.run import Run, find, load

SHOWN_KEYS = 5
"""Differing settings that a note names."""


@dataclass(frozen=True)
class System:
    """A recipe without its seed: its runs, ordered by seed."""

    name: str
    runs: tuple[Run, ...]

    @property
    def recipe(self) -> str:
        """The name of its recipe, which other systems may share."""
        return self.runs[0].name

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of its runs."""
        return tuple(run.seed for run in self.runs)


@dataclass(frozen=True)
class Systems:
    """The systems of some runs, in the order of their first runs, and notes on how runs were grouped."""

    systems: tuple[System, ...]
    notes: tuple[str, ...] = ()

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs of all systems."""
        return tuple(run for system in self.systems for run in system.runs)


def read_systems(paths: Sequence[Path]) -> Systems:
    """Read runs and group them.

    Args:
        paths: run directories, or folders of some; a run that is named twice counts once.

    Raises:
        InputError: no run, a damaged one, or one seed of a recipe twice.
    """
    directories = {directory.resolve(): directory for path in paths for directory in find(path)}
    return group([load(directory) for directory in directories.values()])


def group(runs: Sequence[Run]) -> Systems:
    """Group runs into systems.

    Raises:
        InputError: one seed of a recipe twice.
    """
    groups: list[list[Run]] = []
    for run in runs:
        _add(groups, run)
    by_name: dict[str, list[list[Run]]] = {}
    for same in groups:
        same.sort(key=lambda run: run.seed)
        by_name.setdefault(same[0].name, []).append(same)
    systems = tuple(System(_name(same[0], unique=len(by_name[same[0].name]) == 1), tuple(same)) for same in groups)
    return Systems(systems, tuple(_notes(by_name)))


def _add(groups: list[list[Run]], run: Run) -> None:
    """Put a run with those of the same settings."""
    same = next((same for same in groups if _is_same(same[0], run)), None)
    if same is None:
        groups.append([run])
        return
    place = next((place for place, other in enumerate(same) if other.seed == run.seed), None)
    if place is None:
        same.append(run)
    else:
        same[place] = _joined(same[place], run)


def _is_same(one: Run, other: Run) -> bool:
    return one.name == other.name and one.settings == other.settings


def _joined(first: Run, second: Run) -> Run:
    """Return one run of two directories in which `crosslift evaluate` scored one model on different tasks.

    Raises:
        InputError: they are anything else.
    """
    results = first.results.joined(second.results)
    if results is None:
        raise InputError(
            f"{second.directory}: recipe '{second.name}' with seed {second.seed} is also in {first.directory}; "
            "expected each seed of a recipe once, or its mean would count it twice; move one of the two out of the "
            "folder"
        )
    elsewhere = dict.fromkeys(second.results.tasks, second.directory)
    return replace(first, results=results, elsewhere={**first.elsewhere, **elsewhere})


def _name(first: Run, *, unique: bool) -> str:
    if unique:
        return first.name
    directory = first.directory.resolve()
    shown = directory.relative_to(Path.cwd()) if directory.is_relative_to(Path.cwd()) else directory
    return f"{first.name} ({shown})"


def _notes(by_name: Mapping[str, Sequence[Sequence[Run]]]) -> Iterator[str]:
    for name, groups in by_name.items():
        if len(groups) > 1:
            first, *others = (same[0] for same in groups)
            keys = sorted(set().union(*(_differing(first, other) for other in others)))
            shown = ", ".join(keys[:SHOWN_KEYS]) + (", ..." if len(keys) > SHOWN_KEYS else "")
            yield f"Recipes called {name} differ in more than the seed ({shown}), so they are {len(groups)} systems."


def _differing(one: Run, other: Run) -> set[str]:
    missing = object()
    keys = one.settings.keys() | other.settings.keys()
    return {key for key in keys if one.settings.get(key, missing) != other.settings.get(key, missing)}
