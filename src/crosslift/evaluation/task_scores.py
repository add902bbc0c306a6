"""The scores of a saved model on one task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crosslift.api.examples import EMBEDDING_TASKS, Example, Split
from crosslift.api.records import Record
from crosslift.api.task import Task
from crosslift.data.sources import Source
from crosslift.data.test_data import TestSet, read_test_set
from crosslift.errors import CheckpointError
from crosslift.evaluation import language_pairs
from crosslift.evaluation.agreement import consistency
from crosslift.evaluation.predictions import predictions
from crosslift.evaluation.saved_model import SavedModel
from crosslift.evaluation.scores import scores, summary
from crosslift.evaluation.smoothing import Smoothing, predict_smoothed
from crosslift.heads.task_model import TaskModel
from crosslift.retrieval import probes
from crosslift.retrieval.scorer import Scorer, scorer

_LABELLED = ("sentence", "pair", "multiple_choice")
"""Task types that predict one label per example, on which languages can agree."""


@dataclass(frozen=True)
class ScoringOptions:
    """The options of `evaluate`: the data to score, and how to predict."""

    languages: Sequence[str] | None
    split: Split
    max_length: int | None
    generalized: bool
    pooling: str
    search: str
    smooth: Smoothing | None

    def values(self) -> dict[str, Any]:
        """Return the options that shape the predictions, for results.json."""
        values: dict[str, Any] = {"split": self.split, "pooling": self.pooling, "search": self.search}
        if self.max_length is not None:
            values["max_length"] = self.max_length
        return values if self.smooth is None else {**values, "smooth": self.smooth.values()}


@dataclass(frozen=True)
class TaskScores:
    """The results on one task: rows of results.json, and records by their file below the predictions."""

    task: Task
    scores: list[dict[str, Any]]
    summary: list[dict[str, Any]]
    records: dict[str, list[Record]]
    warnings: list[str]
    probes: list[dict[str, Any]] = field(default_factory=list)
    generalized: list[dict[str, Any]] = field(default_factory=list)
    consistency: list[dict[str, Any]] = field(default_factory=list)


def score_task(saved: SavedModel, task: Task, source: Source, options: ScoringOptions) -> TaskScores:
    """Score a saved model on one task.

    Raises:
        InputError: the task, the data, the model and the options do not go together.
    """
    if options.generalized:
        language_pairs.check(task, "--generalized")
        language_pairs.check_plain(options.smooth, "--generalized")
    model = None
    if task.task_type not in EMBEDDING_TASKS:  # a model that does not fit is refused before the data is read
        model = saved.model
        _check_model(saved.name, model, task, source.labels(task))
    test = read_test_set(source, task, options.split, options.languages)
    if options.generalized:
        language_pairs.check_languages(test.by_language, "--generalized")
    own = source.source_language(task)
    if model is None:
        return _score_embeddings(saved, test, own, options)
    return _score_with_head(saved, model, test, own, source.labels(task), options)


def _score_with_head(
    saved: SavedModel, model: TaskModel, test: TestSet, source: str, labels: Sequence[str], options: ScoringOptions
) -> TaskScores:
    task = test.task
    if options.generalized:
        language_pairs.check_model(model)
    predicted = _predict(model, test, options)
    rows = [
        row for code, records in predicted.items() for row in scores(task, labels, code, records, selection=saved.rule)
    ]
    grid = {}
    if options.generalized:
        grid = dict(language_pairs.predict_grid(model, test, predicted, max_length=options.max_length))
    agreed = None
    if task.parallel and task.task_type in _LABELLED:
        agreed = consistency(predicted, source, task=task.name, selection=saved.rule)
    return TaskScores(
        task,
        rows,
        summary(rows, source),
        {**_files(task, predicted), **{language_pairs.file(task, pair): records for pair, records in grid.items()}},
        list(test.notes),
        generalized=language_pairs.scores(task, labels, grid, selection=saved.rule) if grid else [],
        consistency=[agreed] if agreed else [],
    )


def _score_embeddings(saved: SavedModel, test: TestSet, source: str, options: ScoringOptions) -> TaskScores:
    """Score an encoder on an embedding task; a pooling that is not the benchmark's is named in the selection rule."""
    predict = scorer(saved.encoder, test, source=source, pooling=options.pooling, search=options.search)
    predicted = dict(predictions(test, predict, test.task.name))
    rule = saved.rule if options.pooling == "benchmark" else f"{saved.rule}, pooling {options.pooling}"
    rows = [row for code, records in predicted.items() for row in scores(test.task, (), code, records, selection=rule)]
    warnings = list(dict.fromkeys([*test.notes, *predict.notes]))
    files = _files(test.task, predicted)
    return TaskScores(test.task, rows, summary(rows, source), files, warnings, probes=_probes(predict, source))


def _files(task: Task, predicted: dict[str, list[Record]]) -> dict[str, list[Record]]:
    return {f"{task.name}/{code}.jsonl": records for code, records in predicted.items()}


def _predict(model: TaskModel, test: TestSet, options: ScoringOptions) -> dict[str, list[Record]]:
    def predict_language(code: str, examples: list[Example]) -> list[Record]:
        return predict_smoothed(model, examples, smoothing=options.smooth, language=code, max_length=options.max_length)

    return dict(predictions(test, predict_language, test.task.name))


def _probes(predict: Scorer, source: str) -> list[dict[str, Any]]:
    """Return the language bias of the embeddings of a task that is parallel in all languages."""
    if predict.bias or not predict.test.task.parallel:
        return predict.bias
    parallel = probes.parallel_texts(predict.test.by_language, source)
    space = {code: predict.embed([text for _, text in rows], language=code) for code, rows in parallel.items() if rows}
    return probes.measures(space, source, "saved")


def _check_model(name: str, model: TaskModel, task: Task, labels: Sequence[str]) -> None:
    """Check that a model fits a task: by its labels, or by its task type where that has none."""
    if labels and set(model.labels) != set(labels):
        raise CheckpointError(
            f"{name}: the model's labels ({', '.join(model.labels)}) are not those of {task.name} "
            f"({', '.join(labels)}); was it fine-tuned on another task?"
        )
    if not labels and model.task_type != task.task_type:
        raise CheckpointError(
            f"{name}: the model is for '{model.task_type}' tasks, and {task.name} is a '{task.task_type}' task; was it "
            "fine-tuned on another task?"
        )
