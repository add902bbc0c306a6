"""The model card of a run, with the data that the run trained and scored on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crosslift.api.task import Task
from crosslift.data.sources.user_task import UserTask
from crosslift.pipeline.inputs.read import RunData
from crosslift.recipe import Recipe, values
from crosslift.runs.card_header import architecture_of
from crosslift.runs.model_card import Data, model_card
from crosslift.runs.write import write_text

LAB_LICENCE = "the lab's, made by crosslift: none needed"


def write_card(folder: Path, results: Mapping[str, Any], recipe: Recipe, data: RunData) -> None:
    """Write README.md into a run's `model` folder."""
    environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    card = model_card(
        results,
        values(recipe),
        environment,
        data=list(_data(recipe, data)),
        architecture=architecture_of(folder / "model"),
        base_model=_base_model(recipe.encoder.model),
    )
    write_text(folder / "model" / "README.md", card)


def _data(recipe: Recipe, data: RunData) -> Iterator[Data]:
    if data.task:
        codes = (data.task.source, *data.task.counts)
        yield _of(recipe, data.task.task, "labels to train on", tuple(dict.fromkeys(codes)))
    for stage in data.intermediate:
        for one in stage.tasks:
            yield _of(recipe, one.task, "labels of an intermediate stage", (one.source,))
    if data.dual_encoder:
        yield _of(recipe, data.dual_encoder.task, "labels of a dual encoder", (data.dual_encoder.source,))
    if data.corpora:
        codes = tuple(dict.fromkeys(code for corpus in data.corpora for code in (corpus.source, *corpus.by_language)))
        yield Data("Parallel sentences", "aligned on", codes, LAB_LICENCE if recipe.data.source == "lab" else "")
    for test in data.tests:
        yield _of(recipe, test.task, f"scored on its {test.split} split", tuple(test.by_language))


def _of(recipe: Recipe, task: Task, use: str, codes: tuple[str, ...]) -> Data:
    if recipe.data.source == "lab" and not isinstance(task, UserTask):
        return Data(task.name, use, codes, LAB_LICENCE)
    hub = task.hub.path if recipe.data.source == "hub" and task.hub else None
    return Data(task.name, use, codes, task.licence, task.citation, hub)


def _base_model(model: str) -> str | None:
    """Return the hub id that training started from; a directory or a model from scratch has none."""
    return model if "/" in model and ":" not in model and not Path(model).exists() else None
