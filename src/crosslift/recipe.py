"""The experiment as a value: a TOML file read strictly, with every mistake reported at once.  Imports no torch.

Precedence in one sentence: default < recipe < command line (``key.path=value``).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crosslift import _shelf
from crosslift.data.filters import FilterSettings
from crosslift.data.sources._settings import SourceSettings
from crosslift.errors import RecipeError, nearest

Selection = Literal["source-dev", "last", "average"]
"""The rule for the final weights: best on source development data, the last, or the mean of the last checkpoints."""


LAB_RECIPE = Path(__file__).parent / "lab" / "demo.toml"
"""The demo's recipe, whose pre-training the encoder "lab" has."""

METHOD_KEYS = (("pretrain", "align", "objective"), ("align", "align", "objective"), ("finetune", "finetune", "method"))
"""Where methods stand in a recipe: stage, shelf, key."""


class Table(BaseModel):
    """Base of every recipe table: frozen, and unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EncoderTable(Table):
    """``[encoder]``: where training starts."""

    model: str = Field(description='hub id, directory, "scratch:PRESET", or "lab"')
    revision: str | None = Field(None, description="hub revision (commit hash) of the checkpoint")
    vocabulary_size: int = Field(16_000, ge=100, description="pieces of the tokenizer, when it is trained from scratch")


class TrainTable(Table):
    """Settings that every training stage shares."""

    steps: int | None = Field(None, ge=0, description="optimizer steps; give `steps` or `epochs`")
    epochs: float | None = Field(None, gt=0, description="passes over the data; 1 if `steps` is not given either")
    batch_size: int = Field(32, ge=1, description="examples a step and process")
    batch_tokens: int | None = Field(
        None, ge=16, description="tokens a step, padding included, instead of `batch_size` examples"
    )
    micro_batch_tokens: int | None = Field(
        None, ge=16, description="a step is split into parts of at most so many tokens; exact, saves memory"
    )
    max_length: int = Field(128, ge=8, description="tokens an input is cut to")
    learning_rate: float = Field(5e-5, gt=0, description="peak learning rate of AdamW")
    warmup_fraction: float = Field(0.1, ge=0, le=1, description="share of steps with a rising rate")
    weight_decay: float = Field(0.0, ge=0, description="AdamW's decoupled weight decay; not on biases and norms")
    clip_norm: float | None = Field(1.0, gt=0, description="gradients are clipped to this norm")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="bfloat16 is autocast")
    save_seconds: float = Field(60.0, ge=0, description="a resumable state is saved so often; changes no result")

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.steps is not None and self.epochs is not None:
            raise ValueError("give `steps` or `epochs`, not both")
        return self


class MethodTable(BaseModel):
    """One method and its settings; the settings are checked against the method's own fields."""

    model_config = ConfigDict(extra="allow", frozen=True)

    use: str = Field(description="name on the shelf: `crosslift list methods`")
    weight: float = Field(1.0, ge=0, description="factor of the method's loss in the sum")

    @property
    def settings(self) -> dict[str, Any]:
        """The method's own settings."""
        return dict(self.model_extra or {})


class TextTable(Table):
    """Unpaired text: a directory of one file a language, or the lab."""

    path: Path | None = Field(None, description="directory with {language}.txt; the lab needs none")
    languages: tuple[str, ...] | Literal["all"] = Field("all", description="languages to read")
    limit: int | None = Field(None, ge=1, description="sentences a language, at most")


class BitextTable(Table):
    """Parallel text: a directory of one tsv file a target language, or the lab."""

    path: Path | None = Field(None, description="directory with {language}.tsv; the lab needs none")
    source: str = Field("en", description="language of the first side; the lab has its own")
    languages: tuple[str, ...] | Literal["all"] = Field("all", description="target languages to read")
    limit: int | None = Field(None, ge=1, description="pairs a language, at most, before filtering")
    filters: FilterSettings = FilterSettings()


class PretrainTable(TrainTable):
    """``[pretrain]``: masked language modelling on unpaired text, from scratch or continued."""

    text: TextTable = TextTable()
    objective: tuple[MethodTable, ...] = (MethodTable(use="mlm"),)
    temperature: float = Field(1.0, ge=1, description="languages are sampled by size ** (1 / temperature)")
    seed: int = Field(0, description="own seed, so that all seeds of a recipe share the stage")
    per_seed: bool = Field(False, description="train anew for every seed of the recipe")


class AlignTable(TrainTable):
    """``[align]``: alignment objectives on bitext."""

    bitext: BitextTable = BitextTable()
    objective: tuple[MethodTable, ...] = Field(min_length=1)
    temperature: float = Field(1.0, ge=1, description="languages are sampled by size ** (1 / temperature)")
    seed: int = Field(0, description="own seed, so that all seeds of a recipe share the stage")
    per_seed: bool = Field(False, description="train anew for every seed of the recipe")


class FinetuneTable(TrainTable):
    """``[finetune]``: train a task on the source language."""

    task: str = Field(description="name of a task: `crosslift list tasks`")
    source: str | None = Field(None, description="language of the training data; the task's own by default")
    method: tuple[MethodTable, ...] = (MethodTable(use="plain"),)
    epochs: float | None = Field(None, gt=0, description="passes over the data; 2 if `steps` is not given")
    train_limit: int | None = Field(None, ge=1, description="training examples, at most, drawn by the seed")
    dev_limit: int | None = Field(2_000, ge=1, description="source development examples, at most")
    evaluations: int = Field(10, ge=1, description="source-dev evaluations, evenly spaced; each is a checkpoint")
    average_last: int = Field(5, ge=1, description="checkpoints in the average")
    selection: Selection = Field("source-dev", description="which weights become RUN/model")


class EvaluateTable(Table):
    """``[[evaluate]]``: score a task in many languages."""

    task: str = Field(description="name of a task: `crosslift list tasks`")
    languages: tuple[str, ...] | Literal["all"] = Field("all", description="languages to score")
    split: Literal["dev", "test"] = Field("test", description="part of the data to score")
    limit: int | None = Field(None, ge=1, description="examples a language, at most (the first ones)")


class Recipe(Table):
    """One experiment: an encoder, stages in order, and what is scored."""

    name: str = Field(pattern=r"^[\w.+-]+$", description="names the system in tables")
    seed: int = Field(0, ge=0, description="of everything that is drawn at random")
    encoder: EncoderTable
    data: SourceSettings = SourceSettings(source="hub")
    pretrain: PretrainTable | None = None
    align: AlignTable | None = None
    finetune: FinetuneTable | None = None
    evaluate: tuple[EvaluateTable, ...] = ()

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not (self.pretrain or self.align or self.finetune or self.evaluate):
            raise ValueError("a recipe needs a stage: [pretrain], [align], [finetune] or [[evaluate]]")
        return self


def load(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe and lay ``key.path=value`` overrides over it.

    Raises:
        RecipeError: the file is missing, is not TOML, or has mistakes; all of them are listed.
    """
    return build(override(read(path), overrides), where=str(path))


def read(path: Path) -> dict[str, Any]:
    """Read a TOML file as it stands.

    Raises:
        RecipeError: the file is missing or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise RecipeError(f"{path}: no such recipe; a recipe is a TOML file, `recipes/` has examples") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: not UTF-8 text: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: not TOML: {error}") from error


def override(values: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return `values` with every ``key.path=value`` laid over them; list items are addressed by number.

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
    """Read a value as TOML would, else as the plain string it is (so quotes are optional on the command line)."""
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


def build(values: Mapping[str, Any], *, where: str) -> Recipe:
    """Check values and return the recipe, methods' own settings filled in with their defaults.

    Raises:
        RecipeError: every mistake, one a line, with the key, what was found and the nearest valid key.
    """
    filled = _with_lab_pretraining(values)
    names = [*_wrong_names(filled), *_wrong_settings(filled)]
    try:
        recipe = Recipe.model_validate(filled)
    except ValidationError as error:
        raise RecipeError(_list(where, [*map(_mistake, error.errors()), *names])) from error
    if names:
        raise RecipeError(_list(where, names))
    return _with_method_defaults(recipe)


def _with_lab_pretraining(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the encoder "lab" the pre-training of the demo, unless the recipe says how it is pre-trained."""
    if "pretrain" in values or _at(values, "encoder", "model") != "lab":
        return values
    demo = read(LAB_RECIPE)
    encoder = {**demo["encoder"], **values["encoder"]}
    return {**values, "encoder": encoder, "pretrain": demo["pretrain"]}


def _at(values: Any, *path: str | int) -> Any:
    """Return what stands at a place in unchecked values, or None."""
    for key in path:
        if isinstance(values, Mapping):
            values = values.get(str(key))
        elif isinstance(values, list | tuple) and isinstance(key, int) and key < len(values):
            values = values[key]
        else:
            return None
    return values


def _list(where: str, mistakes: Sequence[str]) -> str:
    if len(mistakes) == 1:
        return f"{where}: {mistakes[0]}"
    return f"{where}: {len(mistakes)} mistakes:\n" + "\n".join(f"  - {mistake}" for mistake in mistakes)


def _mistake(details: Any) -> str:
    location = [str(part) for part in details["loc"]]
    key = ".".join(location)
    if details["type"] == "extra_forbidden":
        known = _fields_at(location[:-1])
        return f"unknown key '{key}'{nearest(location[-1], known)} (keys here: {', '.join(known)})"
    if details["type"] == "missing":
        return f"'{key}' is missing"
    found = "" if isinstance(details["input"], dict) else f" (found {details['input']!r})"
    message = details["msg"].removeprefix("Value error, ")
    return f"{key or 'recipe'}: {message[0].lower()}{message[1:]}{found}"


def _fields_at(location: Sequence[str]) -> list[str]:
    """Return the keys of the table at a place in the recipe."""
    table: type[BaseModel] = Recipe
    for part in location:
        found = None if part.isdigit() else _table_of(table.model_fields[part].annotation)
        table = found or table
    return list(table.model_fields)


def _table_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_table_of(part) for part in getattr(annotation, "__args__", ()))
    return next((table for table in inner if table), None)


def _methods(values: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield (key in the recipe, shelf, table) of every method in unchecked values."""
    for stage, shelf, key in METHOD_KEYS:
        tables = _at(values, stage, key)
        for index, table in enumerate(tables if isinstance(tables, list | tuple) else ()):
            if isinstance(table, Mapping) and isinstance(table.get("use"), str):
                yield f"{stage}.{key}.{index}", shelf, table


def _wrong_names(values: Mapping[str, Any]) -> list[str]:
    wanted = [(f"{key}.use", shelf, table["use"]) for key, shelf, table in _methods(values)]
    places: list[tuple[str | int, ...]] = [("finetune", "task")]
    places += [("evaluate", index, "task") for index in range(len(_at(values, "evaluate") or ()))]
    wanted += [(".".join(map(str, place)), "task", _at(values, *place)) for place in places]
    return [
        f"{key}: there is no {shelf} {'method ' * (shelf != 'task')}'{name}'{nearest(name, _shelf.entries(shelf))} "
        f"(there are: {', '.join(_shelf.entries(shelf))})"
        for key, shelf, name in wanted
        if isinstance(name, str) and name not in _shelf.entries(shelf)
    ]


def _unreadable(values: Mapping[str, Any]) -> list[str]:
    """Return objectives of [pretrain] that need more than unpaired text."""
    return [
        f"{key}.use: '{table['use']}' reads {reads}, and [pretrain] has unpaired text; use it in [[align.objective]]"
        for key, shelf, table in _methods(values)
        if key.startswith("pretrain.") and table["use"] in _shelf.entries(shelf)
        if (reads := _shelf.load(shelf, table["use"]).reads) != "text"
    ]


def _wrong_settings(values: Mapping[str, Any]) -> list[str]:
    mistakes = _unreadable(values)
    for key, shelf, table in _methods(values):
        if table["use"] in _shelf.entries(shelf):
            method = _shelf.load(shelf, table["use"])
            settings = {name: value for name, value in table.items() if name not in MethodTable.model_fields}
            try:
                method.model_validate(settings)
            except ValidationError as error:
                mistakes += [_wrong_setting(details, key, method) for details in error.errors()]
    return mistakes


def _wrong_setting(details: Any, key: str, method: type[BaseModel]) -> str:
    name = ".".join(str(part) for part in details["loc"])
    known = [*method.model_fields, "use", "weight"]
    if details["type"] == "extra_forbidden":
        return f"unknown key '{key}.{name}'{nearest(name, known)} (keys here: {', '.join(known)})"
    return f"{key}.{name}: {details['msg']} (found {details['input']!r})"


def _with_method_defaults(recipe: Recipe) -> Recipe:
    filled = recipe.model_dump()
    for key, shelf, table in list(_methods(filled)):
        stage, kind, index = key.split(".")
        settings = {name: value for name, value in table.items() if name not in MethodTable.model_fields}
        defaults = _shelf.load(shelf, table["use"]).model_validate(settings).model_dump()
        tables = list(filled[stage][kind])
        tables[int(index)] = {"use": table["use"], "weight": table["weight"], **defaults}
        filled[stage][kind] = tables
    return Recipe.model_validate(filled)


def values(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as plain values, every default spelled out."""
    cleaned: dict[str, Any] = _without_none(recipe.model_dump(mode="json"))
    return cleaned


def to_toml(recipe: Recipe) -> str:
    """Return the recipe with every default spelled out; reading it back gives an equal recipe."""
    return tomli_w.dumps(values(recipe))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    return [_without_none(inner) for inner in value] if isinstance(value, list | tuple) else value


def content_hash(value: Any) -> str:
    """Return 16 hexadecimal digits that change when `value` (anything JSON can hold) changes."""
    return sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]
