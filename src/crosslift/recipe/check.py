"""What is wrong with a recipe, each mistake in a line of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args

from pydantic import ValidationError

from crosslift.api import registry
from crosslift.data.sources.settings import TaskSettings
from crosslift.errors import nearest, unknown
from crosslift.recipe.tables.align import ObjectiveTable
from crosslift.recipe.tables.common import MethodTable, NamedTable, SmoothTable

METHOD_KEYS = (
    ("pretrain", "align", "objective", MethodTable),
    ("align", "align", "objective", ObjectiveTable),
    ("intermediate", "finetune", "method", MethodTable),
    ("dual_encoder", "align", "objective", MethodTable),
    ("language_adapters", "align", "objective", MethodTable),
    ("finetune", "finetune", "method", MethodTable),
    ("evaluate", "finetune", "smooth", SmoothTable),
)
"""Where methods stand in a recipe: stage, shelf, key, and the table they are in."""


VECTOR_OBJECTIVES = ("dual_encoder", "labse")
"""Objectives of ``[dual_encoder]``: they compare vectors of two texts that can be made again in evaluation."""


class Place(NamedTuple):
    """A method in unchecked values."""

    key: str
    shelf: str
    table: Mapping[str, Any]
    schema: type[NamedTable]

    @property
    def settings(self) -> dict[str, Any]:
        """The method's own settings."""
        return {name: value for name, value in self.table.items() if name not in self.schema.model_fields}


def mistakes_of(values: Mapping[str, Any]) -> list[str]:
    """Return names that are on no shelf and settings that their methods do not have."""
    return [*_wrong_names(values), *_wrong_settings(values), *_needless(values)]


def at(values: Any, *path: str | int) -> Any:
    """Return what stands at a place in unchecked values, or None."""
    for key in path:
        if isinstance(values, Mapping):
            values = values.get(str(key))
        elif isinstance(values, list | tuple) and isinstance(key, int) and key < len(values):
            values = values[key]
        else:
            return None
    return values


def methods(values: Mapping[str, Any]) -> Iterator[Place]:
    """Yield every method in unchecked values."""
    for stage, shelf, key, schema in METHOD_KEYS:
        for where, found in _stages(values, stage):
            for place, table in _each(f"{where}.{key}", at(found, key)):
                if isinstance(table, Mapping) and isinstance(table.get("use"), str):
                    yield Place(place, shelf, table, schema)


def _each(key: str, tables: Any) -> Iterator[tuple[str, Any]]:
    """Yield one table, or each of several, with its key."""
    if isinstance(tables, list | tuple):
        yield from ((f"{key}.{index}", table) for index, table in enumerate(tables))
    else:
        yield key, tables


def _stages(values: Mapping[str, Any], stage: str) -> Iterator[tuple[str, Any]]:
    """Yield the table of a stage with its key, or each where there may be several."""
    yield from _each(stage, at(values, stage))


def _wrong_names(values: Mapping[str, Any]) -> list[str]:
    wanted = [(f"{place.key}.use", place.shelf, place.table["use"]) for place in methods(values)]
    tasks: list[tuple[str | int, ...]] = [("finetune", "task"), ("dual_encoder", "task")]
    for stage in ("intermediate", "evaluate"):
        tasks += [(stage, index, "task") for index in range(len(at(values, stage) or ()))]
    for index, table in enumerate(at(values, "intermediate") or ()):
        tasks += [("intermediate", index, "tasks", place) for place in range(len(at(table, "tasks") or ()))]
    wanted += [(".".join(map(str, task)), "task", at(values, *task)) for task in tasks]
    own = _own_tasks(values)
    known = {shelf: [*(own if shelf == "task" else ()), *registry.entries(shelf)] for shelf in registry.SHELVES}
    taken = [
        f"data.task.{index}.name: crosslift has a task '{name}' already; choose another name"
        for index, name in enumerate(own)
        if name in registry.entries("task")
    ]
    return taken + [
        f"{key}: {unknown(_called(shelf), name, known[shelf])}"
        for key, shelf, name in [*wanted, *_own_metrics(values)]
        if isinstance(name, str) and name not in known[shelf]
    ]


def _called(shelf: str) -> str:
    return shelf if shelf in ("task", "metric") else f"{shelf} method"


def _own_tasks(values: Mapping[str, Any]) -> list[str]:
    """Return the names of the tasks that unchecked values state, in their order."""
    return [str(at(task, "name")) for task in at(values, "data", "task") or ()]


def _own_metrics(values: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    return [
        (f"data.task.{index}.metrics.{place}", "metric", name)
        for index, task in enumerate(at(values, "data", "task") or ())
        for place, name in enumerate(at(task, "metrics") or ())
    ]


def _unreadable(values: Mapping[str, Any]) -> list[str]:
    """Return objectives that need more than unpaired text where there is nothing else."""
    return [
        f"{place.key}.use: '{place.table['use']}' reads {input_type}, and [{stage}] has unpaired text; use it in "
        "[[align.objective]]"
        for place in _known(values)
        if (stage := place.key.partition(".")[0]) in ("pretrain", "language_adapters")
        if (input_type := registry.load(place.shelf, place.table["use"]).input_type) != "text"
    ]


def _incomparable(values: Mapping[str, Any]) -> list[str]:
    """Return objectives of [dual_encoder] that are not for it."""
    return [
        f"{place.key}.use: '{place.table['use']}' does not train vectors that ranking tasks can be scored with; "
        "use dual_encoder or labse"
        for place in _known(values)
        if place.key.startswith("dual_encoder.") and place.table["use"] not in VECTOR_OBJECTIVES
    ]


def _known(values: Mapping[str, Any]) -> list[Place]:
    return [place for place in methods(values) if place.table["use"] in registry.entries(place.shelf)]


def _wrong_settings(values: Mapping[str, Any]) -> list[str]:
    mistakes = [*_unreadable(values), *_incomparable(values)]
    for place in _known(values):
        method = registry.load(place.shelf, place.table["use"])
        try:
            method.model_validate(place.settings)
        except ValidationError as error:
            own = [field.alias or name for name, field in method.model_fields.items()]
            known = [*own, *place.schema.model_fields]
            mistakes += [_wrong_setting(details, place.key, known) for details in error.errors()]
    return mistakes


VECTOR_KEYS = {"pooling": ("retrieval", "mining", "ranking"), "search": ("retrieval", "mining")}
"""Keys of ``[[evaluate]]`` that are for some forms of task."""


def _needless(values: Mapping[str, Any]) -> list[str]:
    """Return keys of vectors on tasks that are not scored with them."""
    mistakes = []
    for index, table in enumerate(at(values, "evaluate") or ()):
        for key, kinds in VECTOR_KEYS.items():
            task_type = _kind(values, at(table, "task")) if at(table, key) is not None else None
            if task_type is not None and task_type not in kinds:
                mistakes.append(
                    f"evaluate.{index}.{key}: it is for {', '.join(kinds[:-1])} and {kinds[-1]} tasks; "
                    f"'{table['task']}' is a '{task_type}' task; remove the key"
                )
    return mistakes


def _kind(values: Mapping[str, Any], name: Any) -> str | None:
    """Return the form of a task of the shelf or of unchecked values; None of one that is not there."""
    own = next((task for task in at(values, "data", "task") or () if at(task, "name") == name), None)
    if own is not None:
        task_type = at(own, "task_type")
        return task_type if task_type in get_args(TaskSettings.model_fields["task_type"].annotation) else None
    return registry.load("task", name).task_type if name in registry.entries("task") else None


def _wrong_setting(details: Any, key: str, known: Sequence[str]) -> str:
    name = ".".join(str(part) for part in details["loc"])
    if details["type"] == "extra_forbidden":
        return f"unknown key '{key}.{name}'{nearest(name, known)} (keys here: {', '.join(known)})"
    if not name:  # settings that do not go together
        return f"{key}: {details['msg'].removeprefix('Value error, ')}"
    return f"{key}.{name}: {details['msg']} (found {details['input']!r})"
