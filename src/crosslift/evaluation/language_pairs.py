"""The generalized setting: the first text of a pair in one language, the second in another, every ordered pair.

Source: Lewis et al. 2020 (MLQA) named it; for sentence pairs the released Robust-XLT code scores all 225 pairs of XNLI
and all 49 of PAWS-X.  A pair of languages has the examples that both have, by id, with one label; the diagonal is the
standard setting.  Every text is tokenised once, however many languages it is paired with.
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
from crosslift.train.task_items import TaskItem, pair_items

_ById = Mapping[str, tuple[int, PairExample]]
"""Examples and their places, by id."""


@dataclass(frozen=True)
class Cell:
    """One ordered pair of languages and the examples that both have."""

    first: str
    second: str
    examples: tuple[PairExample, ...]
    places: tuple[tuple[int, int], ...]
    """Where each example's texts stand in the examples of their languages."""


def check(task: Task, key: str) -> None:
    """Check that a task has a generalized setting.

    Raises:
        RecipeError: its examples are not pairs of texts.
    """
    if task.task_type != "pair":
        raise RecipeError(
            f"{key}: '{task.name}' is a '{task.task_type}' task; only pairs of texts can be in two languages"
        )


def check_plain(smooth: object | None, key: str) -> None:
    """Check that predictions are not smoothed.

    Raises:
        RecipeError: they are.
    """
    if smooth is not None:
        raise RecipeError(f"{key}: predictions of texts in two languages are not smoothed; leave one of the two out")


def check_model(model: TaskModel) -> None:
    """Check that a model reads all languages alike.

    Raises:
        RecipeError: it has adapters of languages.
    """
    if model.adapters is not None and model.adapters.languages is not None:
        raise RecipeError(
            "generalized: a text in one language and one in another would need two language adapters in one pass; "
            "score languages one by one, or a model without language adapters"
        )


def check_languages(by_language: Mapping[str, Sequence[Example]], key: str) -> None:
    """Check that every two languages have an example in common, before anything is trained or predicted.

    Args:
        by_language: examples of a task of pairs of texts.
        key: what asked for the grid, for the message.

    Raises:
        DataError: two have none.
    """
    numbered = {code: _by_id(examples) for code, examples in by_language.items()}
    for first, second in combinations(numbered, 2):
        if not _shared(numbered[first], numbered[second]):
            raise DataError(
                f"{key}: '{first}' and '{second}' have no example of one id and one label, so no pair of languages; "
                "name languages without one of the two"
            )


def file(task: Task, pair: tuple[str, str]) -> str:
    """Return where the records of a pair of languages stand among the predictions."""
    return f"{task.name}.generalized/{pair[0]}-{pair[1]}.jsonl"


def cells(by_language: Mapping[str, Sequence[Example]]) -> Iterator[Cell]:
    """Yield every ordered pair of languages but the diagonal; ids one side lacks or labels otherwise are left out."""
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
    max_length: int,
    batch_tokens: int | None = None,
) -> Iterator[tuple[tuple[str, str], list[Record]]]:
    """Yield ((first, second), records) of the whole grid.

    Args:
        model: for pairs of texts.
        test: examples by language; every two have some in common (`check_languages`).
        diagonal: records of the standard setting, which are the diagonal's; they are not computed again.
        max_length: tokens a pair is cut to.
        batch_tokens: padded tokens a batch; None suits the device.

    Raises:
        RecipeError: a model with adapters of languages, of which a pass has one.
    """
    check_model(model)
    predict_cells = _paired(model, test, max_length)
    for code, records in diagonal.items():
        yield (code, code), records
    count, done = len(test.by_language), 0
    with progress(f"evaluate {test.task.name} across languages", count * (count - 1)) as advance:
        for _, row in groupby(cells(test.by_language), key=lambda cell: cell.first):
            together = list(row)
            for cell, records in zip(together, predict_cells(together, batch_tokens), strict=True):
                yield (cell.first, cell.second), records
            done += len(together)
            advance(done, {})


def _paired(
    model: TaskModel, test: TestSet, max_length: int
) -> Callable[[Sequence[Cell], int | None], Iterable[list[Record]]]:
    """Return what predicts cells: in batches of all of them, or one by one where texts are not read as a pair."""
    if model.prompt or model.input_settings.texts != "both":
        return lambda together, batch_tokens: (
            predict(
                model,
                cell.examples,
                language=test.read_in(cell.first),
                max_length=max_length,
                batch_tokens=batch_tokens,
            )
            for cell in together
        )
    sides = {code: _tokenised(model, test, code) for code in test.by_language}

    def items_of(cell: Cell) -> list[TaskItem]:
        firsts, seconds = sides[cell.first][0], sides[cell.second][1]
        tokens = [(firsts[one], seconds[other]) for one, other in cell.places]
        return pair_items(model.encoder, tokens, cell.examples, model.labels, max_length=max_length)

    def predict_cells(together: Sequence[Cell], batch_tokens: int | None) -> Iterator[list[Record]]:
        examples = [example for cell in together for example in cell.examples]
        items = [item for cell in together for item in items_of(cell)]
        left = iter(predict_items(model, examples, items, batch_tokens=batch_tokens))
        return (list(islice(left, len(cell.examples))) for cell in together)

    return predict_cells


def _tokenised(model: TaskModel, test: TestSet, code: str) -> tuple[list[Tokens], list[Tokens]]:
    pairs = [example for example in test.by_language[code] if isinstance(example, PairExample)]
    language = test.read_in(code)
    whole = partial(model.encoder.tokenize_whole, language=language)
    return whole([pair.first for pair in pairs]), whole([pair.second for pair in pairs])


def scores(
    task: Task, labels: Sequence[str], grid: Mapping[tuple[str, str], Sequence[Record]], *, selection: str
) -> list[dict[str, Any]]:
    """Return one row a metric of the task: every cell in percent, and their averages.

    `macro` is the mean over all ordered pairs, `micro` that over all items, as the released code prints it;
    `diagonal` is the standard setting, `off_diagonal` the pairs of two languages.
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
