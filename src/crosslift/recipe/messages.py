"""Messages about mistakes in a TOML file: the key, what was found, and the nearest valid choice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from crosslift.errors import nearest, unknown

TYPES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "a string",
    "path": "a path",
    "tuple": "a list",
    "list": "a list",
    "dict": "a table",
    "model": "a table",
}
"""What pydantic's types are called here."""
_ALTERNATIVE = re.compile(r"[a-z-]+\[.*\]")
"""A type in the location of an error, as in ``tuple[str, ...]``."""


def paragraph(where: str, mistakes: Sequence[str]) -> str:
    """Return all mistakes in a file as one message."""
    if len(mistakes) == 1:
        return f"{where}: {mistakes[0]}"
    return f"{where}: {len(mistakes)} mistakes:\n" + "\n".join(f"  - {mistake}" for mistake in mistakes)


def complaints(error: ValidationError, schema: type[BaseModel]) -> list[str]:
    """Return one line per mistake; `schema` is the type of the whole file."""
    by_key: dict[str, list[Any]] = {}
    for details in error.errors():
        by_key.setdefault(".".join(_path(details["loc"])), []).append(details)
    # Of the alternatives for a value, only that is reported which accepts the value and rejects a part of it.
    wanted = [key for key in by_key if not (key and any(other.startswith(f"{key}.") for other in by_key))]
    return [_message(key, by_key[key], schema) for key in wanted]


def _path(location: Sequence[int | str]) -> list[str]:
    """Return keys and indices, without the names that pydantic gives the alternatives for a value."""
    return [str(part) for part in location if not _ALTERNATIVE.fullmatch(str(part))]


def _message(key: str, alternatives: Sequence[Any], schema: type[BaseModel]) -> str:
    details = alternatives[0]
    location = [str(part) for part in details["loc"]]
    match details["type"]:
        case "extra_forbidden":
            known = list(_table_at(schema, location[:-1]).model_fields)
            return f"unknown key '{key}'{nearest(location[-1], known)} (keys here: {', '.join(known)})"
        case "missing":
            return f"'{key}' is missing"
        case "union_tag_invalid":
            return f"{key}.{_unknown_tag(details['ctx'])}"
    return wrong_value(key or schema.__name__.lower(), alternatives)


def wrong_value(key: str, alternatives: Sequence[Any]) -> str:
    """Return the message about a value of the wrong type, out of range, or that does not go with others.

    Args:
        key: path of the value.
        alternatives: pydantic's details, one for each type that the value may have.
    """
    found, message = alternatives[0]["input"], alternatives[0]["msg"].removeprefix("Value error, ")
    expected = [text for text in map(_expected, alternatives) if text]
    if expected:
        choices = [choice for text in expected for choice in re.findall("'([^']*)'", text)]
        hint = nearest(found, choices) if isinstance(found, str) else ""
        return f"{key}: found {_shown(found)}; expected {' or '.join(dict.fromkeys(expected))}{hint}"
    return f"{key}: {message}" if isinstance(found, dict) else f"{key}: {message} (found {_shown(found)})"


def _expected(details: Any) -> str:
    """Return what a value should have been, in the terms of TOML; "" if pydantic's message is about something else."""
    limits = details.get("ctx", {})
    match details["type"].split("_"):
        case ["literal", "error"]:
            return str(limits["expected"])
        case ["greater", "than", *equal]:
            return f"a number of at least {limits['ge']:g}" if equal else f"a number above {limits['gt']:g}"
        case ["less", "than", *equal]:
            return f"a number of at most {limits['le']:g}" if equal else f"a number below {limits['lt']:g}"
        case ["string", "pattern", "mismatch"]:
            return f"a string that matches {limits['pattern']}"
        case ["too", "short"]:
            return f"at least {limits['min_length']} items"
        case ["too", "long"]:
            return f"at most {limits['max_length']} items"
        case [kind, "type" | "parsing" | "from", *_]:
            return TYPES.get(kind, "")
    return ""


def _shown(value: Any) -> str:
    """Return a value as a message shows it."""
    if isinstance(value, dict):
        return "a table"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _unknown_tag(context: Mapping[str, str]) -> str:
    known = [tag.strip().strip("'") for tag in context["expected_tags"].split(",")]
    key = context["discriminator"].strip("'")
    return f"{key}: {unknown('name', context['tag'], known)}"


def _table_at(schema: type[BaseModel], location: Sequence[str]) -> type[BaseModel]:
    """Return the type of the table at a path, whose parts are keys, indices, names, or the tags of a union."""
    tables = [schema]
    for part in location:
        field = tables[0].model_fields.get(part)
        tables = (_tables_of(field.annotation) if field else _tagged(part, tables)) or tables
    return tables[0]


def _tagged(tag: str, tables: Sequence[type[BaseModel]]) -> list[type[BaseModel]]:
    """Return the tables of a union that have the tag as their `use`."""
    return [table for table in tables if (use := table.model_fields.get("use")) and tag in get_args(use.annotation)]


def _tables_of(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [table for part in get_args(annotation) for table in _tables_of(part)]
