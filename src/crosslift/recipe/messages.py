"""Messages about mistakes in a TOML file: the key, what was found, and the nearest valid choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from crosslift.errors import nearest, unknown


def paragraph(where: str, mistakes: Sequence[str]) -> str:
    """Return all mistakes in a file as one message."""
    if len(mistakes) == 1:
        return f"{where}: {mistakes[0]}"
    return f"{where}: {len(mistakes)} mistakes:\n" + "\n".join(f"  - {mistake}" for mistake in mistakes)


def complaints(error: ValidationError, schema: type[BaseModel]) -> list[str]:
    """Return one line per error; `schema` is the type of the whole file."""
    return [_message(details, schema) for details in error.errors()]


def _message(details: Any, schema: type[BaseModel]) -> str:
    location = [str(part) for part in details["loc"]]
    key = ".".join(location)
    match details["type"]:
        case "extra_forbidden":
            known = list(_table_at(schema, location[:-1]).model_fields)
            return f"unknown key '{key}'{nearest(location[-1], known)} (keys here: {', '.join(known)})"
        case "missing":
            return f"'{key}' is missing"
        case "union_tag_invalid":
            return f"{key}.{_unknown_tag(details['ctx'])}"
    found = "" if isinstance(details["input"], dict) else f" (found {details['input']!r})"
    message = details["msg"].removeprefix("Value error, ")
    return f"{key or schema.__name__.lower()}: {message[0].lower()}{message[1:]}{found}"


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
