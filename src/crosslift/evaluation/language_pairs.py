"""The generalized setting: pairs with the first text in one language and the second in another, for all language pairs.

Source: named by Lewis et al. 2020 (MLQA); for sentence pairs the released Robust-XLT code scores all 225 pairs of XNLI
and all 49 of PAWS-X.  A language pair has the examples that both languages have, by id, with the same label; the
diagonal is the standard setting.  Each text is tokenized once, however many languages it is paired with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, groupby, islice, product
from typing import Any

import numpy as np

from crosslift.api import registry
from crosslift.api.examples import Example, PairExample
from crosslift.api.records import Record
from crosslift.api.task import Task
from crosslift.data.test_data import TestSet
from crosslift.encoder.inputs import Tokens
from crosslift.errors import DataError, RecipeError
from crosslift.evaluation.predict import predict, predict_items
from crosslift.heads.task_model import TaskModel
from crosslift.progress import progress
from crosslift.train.task_items import TaskItem
from crosslift.train.tokenized_tasks import pair_items

_ById = Mapping[str, tuple[int, PairExample]]
"""Index and example, by id."""


@dataclass(frozen=True)
class Cell:
    """One ordered language pair and the examples that both languages have."""

    first: str
    second: str
    examples: tuple[PairExample, ...]
    places: tuple[tuple[int, int], ...]
    """Indices of each example's texts among the examples of their languages."""


def check(task: Task, key: str) -> None:
    """Check that a task has a generalized setting; `key` begins the message.

    Raises:
        RecipeError: its examples are not pairs of texts.
    """
    if task.task_type != "pair":
        raise RecipeError(f"{key}: '{task.name}' is a '{task.task_type}' task; only 'pair' tasks can mix two languages")


def check_plain(smooth: object | None, key: str) -> None:
    """Check that predictions are not smoothed; `key` begins the message.

    Raises:
        RecipeError: they are.
    """
    if smooth is not None:
        raise RecipeError(f"{key}: predictions for pairs in two languages cannot be smoothed; remove one of the two")


def check_model(model: TaskModel) -> None:
    """Check that a model can read two languages in one pass.

    Raises:
        RecipeError: it has language adapters.
    """
    if model.adapters is not None and model.adapters.languages is not None:
        raise RecipeError(
            "generalized: a pair in two languages needs two language adapters in one pass; score languages one by one, "
            "or a model without language adapters"
        )


def check_languages(by_language: Mapping[str, Sequence[Example]], key: str) -> None:
    """Check that every two languages have an example in common, before anything is trained or predicted.

    Args:
        by_language: examples of a pair task.
        key: the key or option that asks for the generalized setting, for the message.

    Raises:
        DataError: two languages have no example in common.
    """
    numbered = {code: _by_id(examples) for code, examples in by_language.items()}
    for first, second in combinations(numbered, 2):
        if not _shared(numbered[first], numbered[second]):
            raise DataError(
                f"{key}: '{first}' and '{second}' have no examples with the same id and label; choose languages "
                "without one of the two"
            )


def file(task: Task, pair: tuple[str, str]) -> str:
    """Return the file with the records of a language pair, below the predictions."""
    return f"{task.name}.generalized/{pair[0]}-{pair[1]}.jsonl"


def cells(by_language: Mapping[str, Sequence[Example]]) -> Iterator[Cell]:
    """Yield every ordered language pair off the diagonal, with the examples whose id and label both sides have."""
    numbered = {code: _by_id(examples) for code, examples in by_language.items()}
    for first, second in product(numbered, repeat=2):
        if first != second:
            yield _cell(first, second, numbered[first], numbered[second])


def _by_id(examples: Sequence[Example]) -> _ById:
    return {each.id: (place, each) for place, each in enumerate(examples) if isinstance(each, PairExample)}


def _cell(first: str, second: str, ones: _ById, others: _ById) -> Cell:
    shared = _shared(ones, others)
    examples = (PairExample(key, ones[key][1].first, others[key][1].second, ones[key][1].label) for key in shared)
    return Cell(first, second, tuple(examples), tuple((ones[key][0], others[key][0]) for key in shared))


def _shared(ones: _ById, others: _ById) -> list[str]:
    return [key for key, (_, one) in ones.items() if key in others and others[key][1].label == one.label]


def predict_grid(
    model: TaskModel,
    test: TestSet,
    diagonal: Mapping[str, list[Record]],
    *,
    max_length: int | None = None,
    batch_tokens: int | None = None,
) -> Iterator[tuple[tuple[str, str], list[Record]]]:
    """Yield ((first, second), records) of the whole grid.

    Args:
        model: for pair tasks.
        test: examples by language; every two languages have some in common (`check_languages`).
        diagonal: records of the standard setting, which are not computed again.
        max_length: tokens a pair is truncated to; None for the model's.
        batch_tokens: padded tokens per batch; None suits the device.

    Raises:
        RecipeError: the model has language adapters, of which a pass uses only one.
    """
    check_model(model)
    predict_cells = _predictor(model, test, model.lengths(max_length=max_length).max_length)
    for code, records in diagonal.items():
        yield (code, code), records
    count, done = len(test.by_language), 0
    with progress(f"evaluate {test.task.name} across languages", count * (count - 1)) as advance:
        for _, row in groupby(cells(test.by_language), key=lambda cell: cell.first):
            chosen = list(row)
            for cell, records in zip(chosen, predict_cells(chosen, batch_tokens), strict=True):
                yield (cell.first, cell.second), records
            done += len(chosen)
            advance(done, {})


def _predictor(
    model: TaskModel, test: TestSet, max_length: int
) -> Callable[[Sequence[Cell], int | None], Iterable[list[Record]]]:
    """Return a function that predicts cells: batched together, or one by one if the model does not read plain pairs."""
    if model.prompt or model.input_settings.texts != "both":
        return lambda chosen, batch_tokens: (
            predict(
                model,
                cell.examples,
                language=test.read_in(cell.first),
                max_length=max_length,
                batch_tokens=batch_tokens,
            )
            for cell in chosen
        )
    sides = {code: _tokenized(model, test, code) for code in test.by_language}

    def items_of(cell: Cell) -> list[TaskItem]:
        firsts, seconds = sides[cell.first][0], sides[cell.second][1]
        tokens = [(firsts[one], seconds[other]) for one, other in cell.places]
        return pair_items(model.encoder, tokens, cell.examples, model.labels, max_length=max_length)

    def predict_cells(chosen: Sequence[Cell], batch_tokens: int | None) -> Iterator[list[Record]]:
        examples = [example for cell in chosen for example in cell.examples]
        items = [item for cell in chosen for item in items_of(cell)]
        left = iter(predict_items(model, examples, items, batch_tokens=batch_tokens))
        return (list(islice(left, len(cell.examples))) for cell in chosen)

    return predict_cells


def _tokenized(model: TaskModel, test: TestSet, code: str) -> tuple[list[Tokens], list[Tokens]]:
    pairs = [example for example in test.by_language[code] if isinstance(example, PairExample)]
    language = test.read_in(code)
    whole = partial(model.encoder.tokenize_whole, language=language)
    return whole([pair.first for pair in pairs]), whole([pair.second for pair in pairs])


def scores(
    task: Task, labels: Sequence[str], grid: Mapping[tuple[str, str], Sequence[Record]], *, selection: str
) -> list[dict[str, Any]]:
    """Return one row per metric of the task: the value of every cell and their averages, in percent.

    `macro` is the mean over all ordered pairs, `micro` the mean over all items, as the released code prints it;
    `diagonal` is the mean of the standard setting, `off_diagonal` that of pairs of two languages.
    """
    return [
        {
            "task": task.name,
            "metric": metric,
            "selection": selection,
            **_averages(values),
            "cells": [
                {"first": first, "second": second, "value": value, "items": items}
                for (first, second), (value, items) in values.items()
            ],
        }
        for metric, values in _values(task, labels, grid).items()
    ]


def _values(
    task: Task, labels: Sequence[str], grid: Mapping[tuple[str, str], Sequence[Record]]
) -> dict[str, dict[tuple[str, str], tuple[float, int]]]:
    metrics = {name: registry.load("metric", name)(labels) for name in task.metrics}
    return {
        name: {pair: (metric(records), len(records)) for pair, records in grid.items()}
        for name, metric in metrics.items()
    }


def _averages(values: Mapping[tuple[str, str], tuple[float, int]]) -> dict[str, Any]:
    each = np.array([value for value, _ in values.values()])
    items = np.array([count for _, count in values.values()], dtype=float)
    off = np.array([first != second for first, second in values])
    return {
        "macro": float(each.mean()),
        "micro": float(each @ items / items.sum()),
        "diagonal": float(each[~off].mean()),
        "off_diagonal": float(each[off].mean()) if off.any() else None,
        "pairs": len(values),
    }
