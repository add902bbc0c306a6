"""Score a model that was saved: a run's `model`, or any checkpoint with a task head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crosslift import _shelf
from crosslift.data.sources import SourceSettings, open_source
from crosslift.encoder.device import default_device
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.heads import TaskModel
from crosslift.errors import CheckpointError, RunExistsError
from crosslift.evaluation import generalized as grids
from crosslift.evaluation.consistency import consistency
from crosslift.evaluation.predict import Record, retrieve
from crosslift.evaluation.predict import predict as predict_examples
from crosslift.evaluation.scores import scores, summary
from crosslift.evaluation.test_sets import TestSet, predictions, read_test_set
from crosslift.run_directory import results, write_json, write_records
from crosslift.tasks._task import Split, Task

SAVED = "as saved"
"""The selection rule of scores of a saved model: whatever chose its weights."""
Predicted = dict[str, list[Record]]
"""Records by language."""
Grid = dict[tuple[str, str], list[Record]]
"""Records by the languages of both texts."""


def evaluate(
    model: str | Path,
    *,
    task: str,
    languages: Sequence[str] | None = None,
    split: Split = "test",
    data: Path | str | None = None,
    output: Path | None = None,
    max_length: int = 128,
    generalized: bool = False,
) -> dict[str, Any]:
    """Score a saved model in every language of a task.

    Args:
        model: directory or hub id; with a head for the task, or any encoder for a retrieval task.
        task: name of a task.
        languages: codes; all that the data has if None.
        split: "dev" or "test".
        data: directory in the layout of XTREME's download script, "lab", or None for the hub.
        output: directory for predictions and results.json; must not exist.
        max_length: tokens an input is cut to.
        generalized: also score every ordered pair of languages (a task of pairs of texts).

    Returns:
        What results.json holds: `scores` by language and their `summary`, in percent, and how far languages agree.

    Raises:
        InputError: wrong task, language, data or checkpoint, or an output that exists.
    """
    if output is not None and output.exists():
        raise RunExistsError(f"{output} exists already and is never overwritten; choose another --output")
    made: Task = _shelf.load("task", task)()
    if generalized:
        grids.check(made, "--generalized")
    source = open_source(_settings(data))
    test = read_test_set(source, made, split, languages)
    own, labels = source.source_language(made), source.labels(made)
    grid: Grid = {}
    if made.kind == "retrieval":
        predicted = _retrieve(str(model), own, test)
    else:
        loaded = TaskModel.load(str(model)).to(default_device())
        _check(str(model), loaded, made, labels)
        predicted = _predict(loaded, test, max_length)
        if generalized:
            grid = dict(grids.predict_grid(loaded, test, predicted, max_length=max_length))
    rows = [row for code, records in predicted.items() for row in scores(made, labels, code, records, selection=SAVED)]
    agreed = consistency(predicted, own, task=task, selection=SAVED) if made.parallel else None
    content = results(
        str(model),
        0,
        scores=rows,
        summary=summary(rows, own),
        stages=[],
        probes=[],
        languages={},
        warnings=[],
        generalized=grids.scores(made, labels, grid, selection=SAVED) if generalized else [],
        consistency=[agreed] if agreed else [],
    )
    if output is not None:
        _write(output, made, predicted, grid, content)
    return content


def _settings(data: Path | str | None) -> SourceSettings:
    if data is None:
        return SourceSettings(source="hub")
    if data == "lab":
        return SourceSettings(source="lab")
    return SourceSettings(source="directory", path=Path(data))


def _retrieve(model: str, source: str, test: TestSet) -> Predicted:
    encoder = Encoder.load(model).to(default_device())
    return dict(
        predictions(
            test,
            lambda code, examples: retrieve(encoder, examples, language=code, source=source),
            test.task.name,
        )
    )


def _predict(model: TaskModel, test: TestSet, max_length: int) -> Predicted:
    return dict(
        predictions(
            test,
            lambda code, examples: predict_examples(model, examples, language=code, max_length=max_length),
            test.task.name,
        )
    )


def _write(
    output: Path,
    task: Task,
    predicted: Predicted,
    grid: Grid,
    content: Mapping[str, Any],
) -> None:
    for code, records in predicted.items():
        write_records(output / "predictions" / task.name / f"{code}.jsonl", records)
    for pair, records in grid.items():
        write_records(output / "predictions" / grids.file(task, pair), records)
    write_json(output / "results.json", content)


def _check(name: str, model: TaskModel, task: Task, labels: Sequence[str]) -> None:
    """Check that a model is for tasks of this form; one for choices or spans has outputs, but no labels."""
    if labels and set(model.labels) != set(labels):
        raise CheckpointError(
            f"{name}: the model's labels ({', '.join(model.labels)}) are not those of {task.name} "
            f"({', '.join(labels)}); was it fine-tuned on another task?"
        )
    if not labels and model.kind != task.kind:
        raise CheckpointError(
            f"{name}: the model is for '{model.kind}' tasks, and {task.name} is a '{task.kind}' task; was it "
            "fine-tuned on another task?"
        )
