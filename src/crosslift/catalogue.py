"""The names that recipes and commands understand, as data: `crosslift list` and `crosslift describe`.

Listing imports nothing heavy; describing a method imports torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crosslift.api import registry
from crosslift.encoder.family import families
from crosslift.encoder.scratch.presets import PRESETS
from crosslift.errors import InputError, nearest, unknown


def listing(what: str) -> list[dict[str, str]]:
    """Return the rows of a list: a name, a one-line summary, and what else the list has.

    Args:
        what: "tasks", "methods", "metrics", "encoders" or "studies".

    Raises:
        InputError: there is no such list.
    """
    if what not in LISTS:
        raise InputError(unknown("list", what, LISTS))
    return list(LISTS[what]())


def _tasks() -> Iterator[dict[str, str]]:
    for name, entry in registry.entries("task").items():
        yield {"name": name, "task_type": registry.load("task", name).task_type, "summary": entry.summary}


def _methods() -> Iterator[dict[str, str]]:
    for stage in ("align", "finetune"):
        for name, entry in registry.entries(stage).items():
            yield {"name": name, "type": stage, "summary": entry.summary}


def _metrics() -> Iterator[dict[str, str]]:
    for name, entry in registry.entries("metric").items():
        yield {"name": name, "summary": entry.summary}


def _encoders() -> Iterator[dict[str, str]]:
    yield {"name": "lab", "type": "from scratch", "summary": "scratch:lab, pre-trained on the lab's text; cached."}
    for name, shape in PRESETS.items():
        summary = f"{shape.family} with {shape.layers} layers of width {shape.hidden_size}, random weights."
        yield {"name": f"scratch:{name}", "type": "from scratch", "summary": summary}
    for name, family in families().items():
        yield {"name": name, "type": "family", "summary": family.description}


def _studies() -> Iterator[dict[str, str]]:
    from crosslift import studies  # reads recipes, which other lists need not wait for

    for name in studies.names():
        study = studies.load(name).study
        yield {"name": name, "scales": ", ".join(study.scale), "summary": study.title}


LISTS = {"tasks": _tasks, "methods": _methods, "metrics": _metrics, "encoders": _encoders, "studies": _studies}


def description(name: str) -> dict[str, Any]:
    """Return what is known of a name: type, documentation, settings with defaults, facts.

    Two registries may share a name, as `code_switch` is an alignment objective and a fine-tuning method; `also` has
    the facts of each registry after the first.

    Raises:
        InputError: nothing has this name.
    """
    rows = [(what, row) for what in LISTS for row in listing(what)]
    found = [_facts(what, row) for what, row in rows if row["name"] == name]
    if not found:
        hint = nearest(name, [row["name"] for _, row in rows])
        raise InputError(f"unknown name '{name}'{hint} (`crosslift list {'|'.join(LISTS)}` prints all names)")
    return {**found[0], "also": found[1:]}


def _facts(what: str, row: dict[str, str]) -> dict[str, Any]:
    """Return what is known of one row of a list."""
    name, summary = row["name"], row["summary"]
    if what == "studies":
        return {"name": name, "type": "study", "summary": summary, **_study(name)}
    if what == "encoders":
        return {**row, "documentation": summary, **_encoder(name)}
    kind = {"tasks": "task", "metrics": "metric"}.get(what) or row["type"]
    documentation = registry.entries(kind)[name].documentation
    facts = {"task": _task, "metric": _metric}.get(kind, _method)(registry.load(kind, name))
    return {"name": name, "type": kind, "summary": summary, "documentation": documentation, **facts}


def _encoder(name: str) -> dict[str, Any]:
    family = families().get(name)
    return {"model_types": list(family.model_types)} if family else {}


def _study(name: str) -> dict[str, Any]:
    from crosslift import studies

    study = studies.load(name).study
    return {
        "documentation": f"{study.title}\n\n{study.question}",
        "scales": list(study.scale),
        "arms": list(study.arms),
    }


def _task(task: Any) -> dict[str, Any]:
    return {
        "task_type": task.task_type,
        "labels": list(task.labels),
        "source": task.source,
        "languages": list(task.languages),
        "metrics": list(task.metrics),
        "licence": task.licence,
        "citation": task.citation,
    }


def _metric(metric: Any) -> dict[str, Any]:
    return {"record_type": metric.record_type, "bounds": list(metric.bounds)}


def _method(method: Any) -> dict[str, Any]:
    settings = {
        info.alias or name: {"default": info.get_default(), "description": info.description}
        for name, info in method.model_fields.items()
    }
    return {
        "input_type": method.input_type, "splittable": method.splittable, "paper": method.paper, "settings": settings,
    }  # fmt: skip
