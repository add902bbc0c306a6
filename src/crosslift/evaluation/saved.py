"""Score a model that was saved: a run's `model`, or any checkpoint with a task head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crosslift.data.sources import SourceSettings, find_task, open_source
from crosslift.encoder.device import default_device
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.heads import TaskModel
from crosslift.errors import CheckpointError, RunExistsError
from crosslift.evaluation import generalized as grids
from crosslift.evaluation import probes
from crosslift.evaluation.by_vectors import Scorer, scorer
from crosslift.evaluation.consistency import consistency
from crosslift.evaluation.predict import Record
from crosslift.evaluation.scores import scores, summary
from crosslift.evaluation.smoothing import Smoothing, predict_smoothed
from crosslift.evaluation.test_sets import TestSet, predictions, read_test_set
from crosslift.run_directory import results, write_json, write_records
from crosslift.tasks._task import BY_VECTORS, Split, Task
from crosslift.train.features import default_length

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
    data: Path | str | SourceSettings | None = None,
    output: Path | None = None,
    max_length: int | None = None,
    generalized: bool = False,
    pooling: str = "benchmark",
    search: str = "auto",
    smooth: Smoothing | None = None,
) -> dict[str, Any]:
    """Score a saved model in every language of a task.

    Args:
        model: directory or hub id; with a head for the task, or any encoder for a retrieval, mining or ranking task.
        task: name of a task of the shelf, or of one that `data` states.
        languages: codes; all that the data has if None.
        split: "dev" or "test".
        data: directory in the layout of XTREME's download script, "lab", settings as in a recipe's `[data]`, or None
            for the hub.
        output: directory for predictions and results.json; must not exist.
        max_length: tokens an input is cut to; None: 128, or 384 for windows of a context.  Tasks without a head have
            lengths of their own.
        generalized: also score every ordered pair of languages (a task of pairs of texts).
        pooling: how tasks without a head make vectors of texts: one of `embedder.POOLINGS`.
        search: how they look for neighbours: one of `neighbours.SEARCHES`.
        smooth: how predictions are smoothed, ``Smoothing.by("random_perturbation", radius=0.1)``, say; None for plain
            ones.

    Returns:
        What results.json holds: `scores` by language and their `summary`, in percent, and how far languages agree.

    Raises:
        InputError: wrong task, language, data or checkpoint, or an output that exists.
    """
    if output is not None and output.exists():
        raise RunExistsError(f"{output} exists already and is never overwritten; choose another --output")
    settings = _settings(data)
    made = find_task(task, settings)
    if generalized:
        grids.check(made, "--generalized")
        grids.check_plain(smooth, "--generalized")
    source = open_source(settings)
    test = read_test_set(source, made, split, languages)
    own, labels = source.source_language(made), source.labels(made)
    grid: Grid = {}
    if made.kind in BY_VECTORS:
        return _by_vectors(str(model), test, own, pooling=pooling, search=search, output=output)
    loaded = TaskModel.load(str(model)).to(default_device())
    _check(str(model), loaded, made, labels)
    length = max_length or default_length(made.kind)
    if generalized:
        grids.check_model(loaded)
    predicted = _predict(loaded, test, length, smooth)
    if generalized:
        grid = dict(grids.predict_grid(loaded, test, predicted, max_length=length))
    rows = [row for code, records in predicted.items() for row in scores(made, labels, code, records, selection=SAVED)]
    agreed = (
        consistency(predicted, own, task=task, selection=SAVED)
        if made.parallel and made.kind not in ("tagging", "joint", "span")
        else None
    )
    content = results(
        str(model),
        0,
        scores=rows,
        summary=summary(rows, own),
        stages=[],
        probes=[],
        languages={},
        warnings=list(test.notes),
        generalized=grids.scores(made, labels, grid, selection=SAVED) if generalized else [],
        consistency=[agreed] if agreed else [],
    )
    if output is not None:
        _write(output, made, predicted, grid, content)
    return content


def _settings(data: Path | str | SourceSettings | None) -> SourceSettings:
    if isinstance(data, SourceSettings):
        return data
    if data is None:
        return SourceSettings(source="hub")
    if data == "lab":
        return SourceSettings(source="lab")
    return SourceSettings(source="directory", path=Path(data))


def _by_vectors(
    model: str, test: TestSet, source: str, *, pooling: str, search: str, output: Path | None
) -> dict[str, Any]:
    """Score an encoder on a task without a head; vectors that are not made by the benchmark's rule are told apart."""
    encoder = Encoder.load(model).to(default_device())
    made = scorer(encoder, test, source=source, pooling=pooling, search=search)
    predicted = dict(predictions(test, made, test.task.name))
    rule = SAVED if pooling == "benchmark" else f"{SAVED}, pooling {pooling}"
    rows = [row for code, records in predicted.items() for row in scores(test.task, (), code, records, selection=rule)]
    content = results(
        model,
        0,
        scores=rows,
        summary=summary(rows, source),
        stages=[],
        probes=_probes(made, source),
        languages={},
        warnings=made.notes,
    )
    if output is not None:
        _write(output, test.task, predicted, {}, content)
    return content


def _predict(model: TaskModel, test: TestSet, max_length: int, smooth: Smoothing | None) -> Predicted:
    return dict(
        predictions(
            test,
            lambda code, examples: predict_smoothed(
                model, examples, smoothing=smooth, language=code, max_length=max_length
            ),
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


def _probes(predict: Scorer, source: str) -> list[dict[str, Any]]:
    """Return how much the language weighs in the vectors of a task that is parallel in all languages."""
    if predict.bias or not predict.test.task.parallel:
        return predict.bias
    parallel = probes.parallel_texts(predict.test.by_language, source)
    space = {code: predict.embed([text for _, text in rows], language=code) for code, rows in parallel.items() if rows}
    return probes.measures(space, source, "saved")


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
