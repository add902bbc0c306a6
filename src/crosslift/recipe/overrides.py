"""Overrides of a recipe's values from the command line.  Imports no torch."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from crosslift.errors import RecipeError


def override(values: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return `values` with every ``key.path=value`` applied; items of a list are addressed by index.

    >>> override({"align": {"steps": 5}}, ["align.steps=7", "seed=1"])
    {'align': {'steps': 7}, 'seed': 1}
    """
    changed: dict[str, Any] = json.loads(json.dumps(values, default=str))
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise RecipeError(f"override '{text}': expected key.path=value, for example finetune.epochs=3")
        _set(changed, key.split("."), _value(value), where=key)
    return changed


def _value(text: str) -> Any:
    """Read a value as TOML, else as a plain string, so that quotes are optional on the command line."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _set(values: Any, path: list[str], value: Any, *, where: str) -> None:
    for key in path[:-1]:
        is_list = isinstance(values, list)
        values = values[_index(values, key, where=where)] if is_list else values.setdefault(key, {})
    if isinstance(values, list):
        values[_index(values, path[-1], where=where)] = value
    elif isinstance(values, dict):
        values[path[-1]] = value
    else:
        raise RecipeError(f"override '{where}': '{path[-2]}' is a value, not a table")


def _index(values: list[Any], key: str, *, where: str) -> int:
    if not key.isdigit() or int(key) >= len(values):
        raise RecipeError(f"override '{where}': '{key}' is not an item of a list of {len(values)} (counted from 0)")
    return int(key)
