"""The labelled examples of a task as training items, tokenized, and the model's scores on its dev examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from crosslift.evaluation.predict import predict
from crosslift.evaluation.scores import scores
from crosslift.heads.task_model import TaskModel
from crosslift.pipeline.inputs.task_data import TaskData
from crosslift.train.task_items import Item, MultipleChoiceItem, TaskItem
from crosslift.train.tokenized_tasks import model_items


def training_items(model: TaskModel, data: TaskData, *, words: bool = False) -> list[Item]:
    """Return the items of a task's training examples, grouped by language.

    `TaskItem.example` is the index in `data.train`, whatever the language.
    """
    codes = data.languages or [data.source] * len(data.train)
    rows: dict[str, list[int]] = {}
    for index, code in enumerate(codes):
        rows.setdefault(code, []).append(index)
    return list(
        chain.from_iterable(
            _renumbered(model_items(model, [data.train[row] for row in indices], language=code, words=words), indices)
            for code, indices in rows.items()
        )
    )


def training_views(model: TaskModel, data: TaskData, *, words: bool = False) -> dict[str, dict[int, TaskItem]]:
    """Return the translations of the training examples, by language and by the index of the example.

    A long tagged sentence is split into parts; its translation is the first part.
    """
    views: dict[str, dict[int, TaskItem]] = {}
    for code, examples in data.views.items():
        items = model_items(model, examples, language=code, words=words)
        views[code] = {item.example: item for item in reversed(items) if isinstance(item, TaskItem)}
    return views


def dev_items(model: TaskModel, data: TaskData) -> Sequence[Item]:
    """Return the items of a task's source dev examples."""
    return model_items(model, data.dev, language=data.source, scored=True)


def dev_scores(model: TaskModel, data: TaskData) -> dict[str, float]:
    """Return the scores on source dev examples; the first metric decides between checkpoints."""
    records = predict(model, data.dev, language=data.source)
    rows = scores(data.task, data.labels, data.source, records, selection="source-dev")
    return {row["metric"]: row["value"] for row in rows}


def _renumbered(items: Sequence[Item], rows: Sequence[int]) -> list[Item]:
    return [_numbered(item, rows[item.example]) for item in items]


def _numbered(item: Item, number: int) -> Item:
    if isinstance(item, TaskItem):
        return replace(item, example=number)
    return MultipleChoiceItem(tuple(replace(row, example=number) for row in item.rows))
