"""A finished run, and the runs of a folder.  Imports no torch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from crosslift.errors import InputError
from crosslift.runs.read import read_environment, read_log, read_recipe, read_results
from crosslift.runs.schema import LogLine, Results

_SEED_OR_PLACE = re.compile(r"(.+\.)?seed|data\.path|evaluated\.model")
"""Keys that say which run it is or where its files are, not what was run."""


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run, read from its directory.

    Args:
        directory: the run directory.
        results: content of results.json.
        recipe: text of recipe.toml; empty if there is no such file.
        values: the values of the recipe.
        elsewhere: by task, other directories in which `crosslift evaluate` scored the same model.
    """

    directory: Path
    results: Results
    recipe: str
    values: Mapping[str, Any]
    elsewhere: Mapping[str, Path] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the recipe."""
        return self.results.recipe

    @property
    def seed(self) -> int:
        """The seed of the recipe."""
        return self.results.seed

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """Everything that was chosen, by dotted key, without seeds and places."""
        evaluated = self.results.evaluated
        chosen = {**self.values, "evaluated": evaluated.model_dump(exclude_unset=True) if evaluated else {}}
        return {key: value for key, value in _flat(chosen) if not _SEED_OR_PLACE.fullmatch(key)}

    @property
    def directories(self) -> tuple[Path, ...]:
        """All directories that hold results of the run, its own first."""
        return (self.directory, *dict.fromkeys(self.elsewhere.values()))

    def directory_of(self, task: str) -> Path:
        """Return the directory that holds the predictions of a task."""
        return self.elsewhere.get(task, self.directory)

    @property
    def embeddings(self) -> Path | None:
        """The file of sentence embeddings, if the run kept them."""
        path = self.directory / "embeddings.npz"
        return path if path.is_file() else None

    @cached_property
    def log(self) -> tuple[LogLine, ...]:
        """The lines of log.jsonl.

        Raises:
            InputError: one is damaged.
        """
        return tuple(read_log(self.directory / "log.jsonl"))

    @cached_property
    def environment(self) -> Mapping[str, Any]:
        """The content of environment.json.

        Raises:
            InputError: it is damaged.
        """
        return read_environment(self.directory / "environment.json")


def load(directory: Path) -> Run:
    """Read a run directory; its log and environment are read when they are asked for.

    Raises:
        InputError: a file is missing, damaged, or of a newer schema.
    """
    recipe, values = read_recipe(directory / "recipe.toml")
    return Run(directory, read_results(directory / "results.json"), recipe, values)


def find(directory: Path) -> list[Path]:
    """Return `directory` if it is a run, else the runs below it, sorted by path.

    Folders that are hidden or end in `.unfinished` are passed over: a run that is being written is not a run yet.

    Raises:
        InputError: no such directory, or no run in it.
    """
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory; expected a run, or a folder of runs")
    if (directory / "results.json").is_file():
        return [directory]
    found = sorted(path.parent for path in directory.rglob("results.json") if not _unfinished(path, directory))
    if not found:
        raise InputError(f"{directory}: no run here or below; a run is a directory that holds results.json")
    return found


def _unfinished(path: Path, above: Path) -> bool:
    return any(part.startswith(".") or part.endswith(".unfinished") for part in path.relative_to(above).parts)


def _flat(values: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) of nested tables."""
    if isinstance(values, dict):
        children = list(values.items())
    elif isinstance(values, list) and any(isinstance(value, dict) for value in values):
        children = list(enumerate(values))
    else:
        yield key, values
        return
    for name, value in children:
        yield from _flat(value, f"{key}.{name}" if key else str(name))
