"""The mistakes in a recipe that no single table can see, one line each.  Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args

from pydantic import ValidationError

from crosslift.api import registry
from crosslift.data.sources.settings import TaskSettings
from crosslift.errors import nearest, unknown
from crosslift.recipe.messages import wrong_value
from crosslift.recipe.tables.align import ObjectiveTable
from crosslift.recipe.tables.common import MethodTable, NamedTable
from crosslift.recipe.tables.evaluate import SmoothTable

METHOD_KEYS = (
    ("pretrain", "align", "objective", MethodTable),
    ("align", "align", "objective", ObjectiveTable),
    ("intermediate", "finetune", "method", MethodTable),
    ("dual_encoder", "align", "objective", MethodTable),
    ("language_adapters", "align", "objective", MethodTable),
    ("finetune", "finetune", "method", MethodTable),
    ("evaluate", "finetune", "smooth", SmoothTable),
)
"""The places of methods in a recipe: stage, registry, key, and the type of the table."""


DUAL_ENCODER_OBJECTIVES = ("dual_encoder", "labse")
"""Objectives of ``[dual_encoder]``: they compare vectors of two texts that evaluation can reproduce."""


POOLING_KEYS = {"pooling": ("retrieval", "mining", "ranking"), "search": ("retrieval", "mining")}
"""Keys of ``[[evaluate]]`` that only some task types have."""


class Method(NamedTuple):
    """A method in unchecked values."""

    key: str
    registry: str
    table: Mapping[str, Any]
    schema: type[NamedTable]

    @property
    def name(self) -> str:
        """The name in the registry."""
        return str(self.table["use"])

    @property
    def settings(self) -> dict[str, Any]:
        """The method's own settings."""
        return {name: value for name, value in self.table.items() if name not in self.schema.model_fields}


def mistakes_of(values: Mapping[str, Any]) -> list[str]:
    """Return unknown names, settings that their methods do not have, and keys that do not apply."""
    return [
        *_taken_names(values),
        *_unknown_names(values),
        *_wrong_inputs(values),
        *_wrong_objectives(values),
        *_wrong_settings(values),
        *_needless_keys(values),
    ]


def at(values: Any, *path: str | int) -> Any:
    """Return the value at a path of unchecked values, or None."""
    for key in path:
        if isinstance(values, Mapping):
            values = values.get(str(key))
        elif isinstance(values, list | tuple) and isinstance(key, int) and key < len(values):
            values = values[key]
        else:
            return None
    return values


def _items(values: Any, *path: str | int) -> list[Any]:
    """Return the list at a path of unchecked values; empty if there is none."""
    found = at(values, *path)
    return list(found) if isinstance(found, list | tuple) else []


def methods(values: Mapping[str, Any]) -> Iterator[Method]:
    """Yield every method in unchecked values."""
    for stage, registry_name, name, schema in METHOD_KEYS:
        for stage_key, stage_table in _tables(stage, at(values, stage)):
            for key, table in _tables(f"{stage_key}.{name}", at(stage_table, name)):
                if isinstance(table, Mapping) and isinstance(table.get("use"), str):
                    yield Method(key, registry_name, table, schema)


def _tables(key: str, tables: Any) -> Iterator[tuple[str, Any]]:
    """Yield a table with its key, or each table of a list with its own key."""
    if isinstance(tables, list | tuple):
        yield from ((f"{key}.{index}", table) for index, table in enumerate(tables))
    else:
        yield key, tables


def _taken_names(values: Mapping[str, Any]) -> list[str]:
    return [
        f"data.task.{index}.name: crosslift has a task '{name}' already; choose another name"
        for index, name in enumerate(_user_tasks(values))
        if name in registry.entries("task")
    ]


def _unknown_names(values: Mapping[str, Any]) -> list[str]:
    known = {registry_name: list(registry.entries(registry_name)) for registry_name in registry.FOLDERS}
    known["task"] = [*_user_tasks(values), *known["task"]]
    used = [(f"{method.key}.use", method.registry, method.name) for method in methods(values)]
    return [
        f"{key}: {unknown(_noun(registry_name), name, known[registry_name])}"
        for key, registry_name, name in [*used, *_task_names(values), *_user_metrics(values)]
        if isinstance(name, str) and name not in known[registry_name]
    ]


def _noun(registry_name: str) -> str:
    return registry_name if registry_name in ("task", "metric") else f"{registry_name} method"


def _task_names(values: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield (key, registry, name) of every task that a stage names."""
    paths: list[tuple[str | int, ...]] = [("finetune", "task"), ("dual_encoder", "task")]
    for stage in ("intermediate", "evaluate"):
        paths += [(stage, index, "task") for index in range(len(_items(values, stage)))]
    for index, table in enumerate(_items(values, "intermediate")):
        paths += [("intermediate", index, "tasks", place) for place in range(len(_items(table, "tasks")))]
    yield from ((".".join(map(str, path)), "task", at(values, *path)) for path in paths)


def _user_tasks(values: Mapping[str, Any]) -> list[str]:
    """Return the names of the tasks in ``[[data.task]]``."""
    return [str(at(task, "name")) for task in _items(values, "data", "task")]


def _user_metrics(values: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for index, task in enumerate(_items(values, "data", "task")):
        for place, name in enumerate(_items(task, "metrics")):
            yield f"data.task.{index}.metrics.{place}", "metric", name


def _known_methods(values: Mapping[str, Any]) -> list[Method]:
    return [method for method in methods(values) if method.name in registry.entries(method.registry)]


def _wrong_inputs(values: Mapping[str, Any]) -> list[str]:
    """Return objectives that read more than unpaired text in stages that have nothing else."""
    return [
        f"{method.key}.use: '{method.name}' reads {input_type}, but [{stage}] has unpaired text; use it in "
        "[[align.objective]]"
        for method in _known_methods(values)
        if (stage := method.key.partition(".")[0]) in ("pretrain", "language_adapters")
        if (input_type := registry.load(method.registry, method.name).input_type) != "text"
    ]


def _wrong_objectives(values: Mapping[str, Any]) -> list[str]:
    """Return objectives of ``[dual_encoder]`` that do not train a dual encoder."""
    return [
        f"{method.key}.use: '{method.name}' does not train vectors that ranking tasks can be scored with; use "
        f"{' or '.join(DUAL_ENCODER_OBJECTIVES)}"
        for method in _known_methods(values)
        if method.key.startswith("dual_encoder.") and method.name not in DUAL_ENCODER_OBJECTIVES
    ]


def _wrong_settings(values: Mapping[str, Any]) -> list[str]:
    mistakes = []
    for method in _known_methods(values):
        schema = registry.load(method.registry, method.name)
        try:
            schema.model_validate(method.settings)
        except ValidationError as error:
            settings = [field.alias or name for name, field in schema.model_fields.items()]
            known = [*settings, *method.schema.model_fields]
            mistakes += [_wrong_setting(details, method.key, known) for details in error.errors()]
    return mistakes


def _wrong_setting(details: Any, key: str, known: Sequence[str]) -> str:
    name = ".".join(str(part) for part in details["loc"])
    if details["type"] == "extra_forbidden":
        return f"unknown key '{key}.{name}'{nearest(name, known)} (keys here: {', '.join(known)})"
    if not name:  # settings that exclude each other
        return f"{key}: {details['msg'].removeprefix('Value error, ')}"
    return wrong_value(f"{key}.{name}", [details])


def _needless_keys(values: Mapping[str, Any]) -> list[str]:
    """Return keys of embedding tasks in tables of other tasks."""
    mistakes = []
    for index, table in enumerate(_items(values, "evaluate")):
        for key, task_types in POOLING_KEYS.items():
            task_type = _task_type(values, at(table, "task")) if at(table, key) is not None else None
            if task_type is not None and task_type not in task_types:
                mistakes.append(
                    f"evaluate.{index}.{key}: it is for {', '.join(task_types[:-1])} and {task_types[-1]} tasks; "
                    f"'{table['task']}' is a '{task_type}' task; remove the key"
                )
    return mistakes


def _task_type(values: Mapping[str, Any], name: Any) -> str | None:
    """Return the type of a task by its name; None for an unknown task or type."""
    task = next((task for task in _items(values, "data", "task") if at(task, "name") == name), None)
    if task is not None:
        task_type = at(task, "task_type")
        return task_type if task_type in get_args(TaskSettings.model_fields["task_type"].annotation) else None
    return registry.load("task", name).task_type if name in registry.entries("task") else None
