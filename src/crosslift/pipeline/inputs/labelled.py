"""Labelled examples as items, each tokenised in its own language; and scores on those of development."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from crosslift.api.examples import Example
from crosslift.evaluation.predict import predict
from crosslift.evaluation.scores import scores
from crosslift.heads.task_model import TaskModel
from crosslift.pipeline.inputs.task_data import TaskData
from crosslift.pipeline.stage_seed import lengths_of
from crosslift.recipe import FinetuneTable
from crosslift.train.task_items import Item, MultipleChoiceItem, TaskItem, task_items


def training_items(model: TaskModel, table: FinetuneTable, data: TaskData, *, words: bool = False) -> list[Item]:
    """Return the items of a task's training examples, language after language.

    `TaskItem.example` is the index in `data.train`, whatever the language.
    """
    codes = data.languages or [data.source] * len(data.train)
    rows: dict[str, list[int]] = {}
    for index, code in enumerate(codes):
        rows.setdefault(code, []).append(index)
    return list(
        chain.from_iterable(
            _renumbered(_items(model, table, data, [data.train[row] for row in own], code, words=words), own)
            for code, own in rows.items()
        )
    )


def training_views(
    model: TaskModel, table: FinetuneTable, data: TaskData, *, words: bool = False
) -> dict[str, dict[int, TaskItem]]:
    """Return the translations of the training examples, by language and by the index of the example.

    Of a long tagged sentence that was cut into pieces, the first one.
    """
    views: dict[str, dict[int, TaskItem]] = {}
    for code, examples in data.views.items():
        made = _items(model, table, data, examples, code, words=words)
        views[code] = {item.example: item for item in reversed(made) if isinstance(item, TaskItem)}
    return views


def dev_items(model: TaskModel, table: FinetuneTable, data: TaskData) -> Sequence[Item]:
    """Return the items of a task's source-language development examples."""
    return _items(model, table, data, data.dev, data.source, words=False, scored=True)


def dev_scores(model: TaskModel, table: FinetuneTable, data: TaskData) -> dict[str, float]:
    """Return the source-language development scores, the metric that decides first."""
    records = predict(model, data.dev, language=data.source, **lengths_of(table, data.task.task_type, model))
    rows = scores(data.task, data.labels, data.source, records, selection="source-dev")
    return {row["metric"]: row["value"] for row in rows}


def _renumbered(items: Sequence[Item], rows: Sequence[int]) -> list[Item]:
    return [_numbered(item, rows[item.example]) for item in items]


def _numbered(item: Item, number: int) -> Item:
    if isinstance(item, TaskItem):
        return replace(item, example=number)
    return MultipleChoiceItem(tuple(replace(row, example=number) for row in item.rows))


def _items(
    model: TaskModel,
    table: FinetuneTable,
    data: TaskData,
    examples: Sequence[Example],
    language: str,
    *,
    words: bool,
    scored: bool = False,
) -> Sequence[Item]:
    return task_items(
        model.encoder,
        examples,
        data.task.task_type,
        data.labels,
        language=language,
        words=words,
        prompt=model.prompt,
        **lengths_of(table, data.task.task_type, model),
        input_settings=model.input_settings,
        scored=scored,
    )
