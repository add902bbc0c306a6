"""Files of a run directory, read and validated; an error names the file.  Imports no torch."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from crosslift.errors import InputError
from crosslift.runs.schema import SCHEMA, LogLine, Results

Validated = TypeVar("Validated", bound=BaseModel)
SHOWN_PROBLEMS = 3
"""Wrong values that an error names."""


def read_results(path: Path) -> Results:
    """Read results.json.

    Raises:
        InputError: it is missing, damaged, or of a newer schema.
    """
    if not path.is_file():
        raise InputError(f"{path.parent}: not a run; expected a directory that holds results.json")
    return read_model(path, Results, schema=SCHEMA)


def read_model(path: Path, model: type[Validated], *, schema: int) -> Validated:
    """Read a JSON file that crosslift wrote.

    Args:
        path: the file.
        model: the model of its content.
        schema: the newest schema that can be read.

    Raises:
        InputError: the file is unreadable, damaged, or of a newer schema.
    """
    values = _object(_json(read_text(path), where=str(path)), where=str(path))
    version = values.get("schema")
    if isinstance(version, int) and version > schema:
        raise InputError(
            f"{path}: written in schema {version}, but this version of crosslift reads schemas up to {schema}; "
            "expected an older file or a newer crosslift"
        )
    return _validated(model, values, where=str(path))


def read_log(path: Path) -> Iterator[LogLine]:
    """Yield the lines of log.jsonl; none if there is no such file.

    Raises:
        InputError: a line is damaged.
    """
    if not path.is_file():
        return
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if line.strip():
            where = f"{path}, line {number}"
            yield _validated(LogLine, _object(_json(line, where=where), where=where), where=where)


def read_recipe(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the text of recipe.toml and its values; empty ones if there is no such file.

    Raises:
        InputError: it is not a TOML file.
    """
    if not path.is_file():
        return "", {}
    text = read_text(path)
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not a TOML file: {error}") from error


def read_environment(path: Path) -> dict[str, Any]:
    """Return the content of environment.json; nothing if there is no such file.

    Raises:
        InputError: it is damaged.
    """
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
            f"{where}: incomplete JSON: {error.msg} at line {error.lineno}, column {error.colno}; the file was cut "
            "off or edited, expected it as the run wrote it"
        ) from error


def _object(value: Any, *, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where}: found a {type(value).__name__}, expected a JSON object")
    return value


def _validated(model: type[Validated], values: dict[str, Any], *, where: str) -> Validated:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()[:SHOWN_PROBLEMS]
        )
        raise InputError(f"{where}: not as a run writes it: {problems}") from error
