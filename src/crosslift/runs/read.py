"""Read and validate run directories, for reports and comparisons.  Imports no torch."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from crosslift.errors import InputError
from crosslift.runs.schema import SCHEMA, LogLine, Results, Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


Validated = TypeVar("Validated", bound=BaseModel)


def find(directory: Path) -> list[Path]:
    """Return `directory` if it is a run, else the runs below it, sorted by path.

    Folders that are hidden or end in ``.unfinished`` are passed over: a run that is being written is not a run yet.

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


def load_all(directories: Sequence[Path]) -> list[Run]:
    """Read run directories, in order; those that `crosslift evaluate` made of one model, a task each, are one run.

    Raises:
        InputError: no directory was given, one is not a valid run, or two hold the same recipe and seed.
    """
    if not directories:
        raise InputError("a report needs at least one run directory; none was given")
    runs: dict[tuple[str, int], Run] = {}
    for run in map(load, directories):
        key = (run.results.recipe, run.results.seed)
        runs[key] = _together(runs[key], run) if key in runs else run
    return list(runs.values())


def _together(first: Run, run: Run) -> Run:
    results = first.results.joined(run.results)
    if results is None:
        raise InputError(
            f"{run.directory}: recipe '{run.results.recipe}' with seed {run.results.seed} is already in "
            f"{first.directory}; expected each seed of a recipe once, or its mean would count it twice. "
            "Move one of the two out of the folder."
        )
    return replace(first, results=results, also=(*first.also, run.directory))


def load(directory: Path) -> Run:
    """Read one run directory.

    Raises:
        InputError: a file is missing, damaged, or of a newer schema; the message names it.
    """
    recipe, settings = read_recipe(directory / "recipe.toml")
    return Run(
        directory=directory,
        results=read_results(directory / "results.json"),
        log=tuple(_log(directory / "log.jsonl")),
        recipe=recipe,
        settings=settings,
        environment=_environment(directory / "environment.json"),
    )


def read_results(path: Path) -> Results:
    """Read a run's ``results.json``.

    Raises:
        InputError: it is missing, damaged, or of a newer schema; the message names it.
    """
    if not path.is_file():
        raise InputError(f"{path.parent}: not a run; expected a directory that holds results.json")
    return read_model(path, Results, schema=SCHEMA)


def read_model(path: Path, model: type[Validated], *, schema: int) -> Validated:
    """Read a JSON file that crosslift wrote, as the model of its content.

    Args:
        path: the file.
        model: what it holds.
        schema: the newest version of that which is understood.

    Raises:
        InputError: it cannot be read, is damaged, or of a newer schema; the message names it.
    """
    values = _object(_json(read_text(path), where=str(path)), where=str(path))
    version = values.get("schema")
    if isinstance(version, int) and version > schema:
        raise InputError(
            f"{path}: written in schema {version}, and this version of crosslift reads schemas up to {schema}; "
            "expected an older file or a newer crosslift"
        )
    return _validated(model, values, where=str(path))


def _log(path: Path) -> Iterator[LogLine]:
    if not path.is_file():
        return
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if line.strip():
            where = f"{path}, line {number}"
            yield _validated(LogLine, _object(_json(line, where=where), where=where), where=where)


def read_recipe(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the text of a run's ``recipe.toml`` and its values; nothing where the run has none.

    Raises:
        InputError: it is no TOML file.
    """
    if not path.is_file():
        return "", {}
    text = read_text(path)
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not a TOML file: {error}") from error


def _environment(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    return _object(_json(read_text(path), where=str(path)), where=str(path))


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        InputError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def _json(text: str, *, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where}: not whole JSON: {error.msg} at line {error.lineno}, column {error.colno}; the "
            "file was cut off or "
            f"edited, expected it as the run wrote it"
        ) from error


def _object(value: Any, *, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where}: found a {type(value).__name__}, expected a JSON object")
    return value


def _validated(model: type[Validated], values: dict[str, Any], *, where: str) -> Validated:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()[:3]
        )
        raise InputError(f"{where}: not as a run writes it: {found}") from error
