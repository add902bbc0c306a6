"""Recipes: read from TOML, overridden from the command line, checked, and written back.  Imports no torch."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from crosslift.api import registry
from crosslift.errors import RecipeError, nearest
from crosslift.recipe import check
from crosslift.recipe.messages import complaints, paragraph
from crosslift.recipe.overrides import override
from crosslift.recipe.renamed import renamed
from crosslift.recipe.tables.recipe import Recipe

LAB_RECIPE = Path(__file__).parents[1] / "lab" / "demo.toml"
"""The demo's recipe, which also says how the encoder "lab" is pre-trained."""


def load(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe and apply ``key.path=value`` overrides.

    Raises:
        RecipeError: the file is missing, is not TOML, or has mistakes; all of them are listed.
    """
    return build(override(read(path), overrides), where=str(path))


def read(path: Path) -> dict[str, Any]:
    """Read a TOML file without checking its values.

    Raises:
        RecipeError: the file is missing or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        hint = nearest(path.stem, [other.stem for other in path.parent.glob("*.toml")])
        raise RecipeError(f"{path}: no such file{hint or '; expected a TOML file'}") from error
    except IsADirectoryError as error:
        raise RecipeError(f"{path}: found a directory; expected a TOML file") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: not UTF-8 text: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: not TOML: {error}") from error


def build(values: Mapping[str, Any], *, where: str) -> Recipe:
    """Check values and return the recipe, with the default settings of every method filled in.

    Raises:
        RecipeError: every mistake, one per line, with the key, what was found and the nearest valid key.
    """
    current, old_names = renamed(values)
    filled = _with_full_bitexts(_with_lab_pretraining(current))
    mistakes = [*old_names, *check.mistakes_of(filled)]
    try:
        recipe = Recipe.model_validate(filled)
    except ValidationError as error:
        raise RecipeError(paragraph(where, [*complaints(error, Recipe), *mistakes])) from error
    if mistakes:
        raise RecipeError(paragraph(where, mistakes))
    return _with_method_defaults(recipe)


def _with_lab_pretraining(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the encoder "lab" the pre-training of the demo, unless the recipe has its own."""
    if "pretrain" in values or check.at(values, "encoder", "model") != "lab":
        return values
    demo = read(LAB_RECIPE)
    encoder = {**demo["encoder"], **values["encoder"]}
    return {**values, "encoder": encoder, "pretrain": demo["pretrain"]}


def _with_full_bitexts(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Complete the bitext of each objective with the keys of the stage's bitext."""
    objectives, stage = check.at(values, "align", "objective"), check.at(values, "align", "bitext")
    if not isinstance(objectives, list | tuple) or not isinstance(stage, Mapping):
        return values
    filled = [
        {**table, "bitext": {**stage, **table["bitext"]}} if isinstance(check.at(table, "bitext"), Mapping) else table
        for table in objectives
    ]
    return {**values, "align": {**values["align"], "objective": filled}}


def _with_method_defaults(recipe: Recipe) -> Recipe:
    filled: Any = recipe.model_dump()
    for method in list(check.methods(filled)):
        schema = registry.load(method.registry, method.name)
        defaults = schema.model_validate(method.settings).model_dump(by_alias=True)
        filled = _replaced(filled, method.key.split("."), {**method.table, **defaults})
    return Recipe.model_validate(filled)


def _replaced(values: Any, path: Sequence[str], value: Any) -> Any:
    """Return the values with a new value at a path."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(values, Mapping):
        return {**values, key: _replaced(values[key], rest, value)}
    index = int(key)
    return [*values[:index], _replaced(values[index], rest, value), *values[index + 1 :]]


def values(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as plain values, with every default."""
    cleaned: dict[str, Any] = _without_none(recipe.model_dump(mode="json"))
    return cleaned


def to_toml(recipe: Recipe) -> str:
    """Return the recipe as TOML, with every default; reading it back gives an equal recipe."""
    return tomli_w.dumps(values(recipe))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    return [_without_none(inner) for inner in value] if isinstance(value, list | tuple) else value


def content_hash(value: Any) -> str:
    """Return 16 hexadecimal digits that change when `value` (anything JSON can hold) changes."""
    return sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]
