"""Score a model that was saved: a run's `model`, or any checkpoint with a task head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from crosslift.data.sources import Source, SourceSettings, find_task, open_source
from crosslift.encoder.device import default_device
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.heads import TaskModel
from crosslift.errors import CheckpointError, RunExistsError
from crosslift.evaluation.predict import Record, retrieve
from crosslift.evaluation.predict import predict as predict_examples
from crosslift.evaluation.scores import scores, summary
from crosslift.evaluation.test_sets import predictions, read_test_set
from crosslift.run_directory import results, write_json, write_records
from crosslift.tasks._task import Example, Split, Task

SELECTION = "as saved"
"""The selection rule of scores of a saved model: whatever chose its weights."""


def evaluate(
    model: str | Path,
    *,
    task: str,
    languages: Sequence[str] | None = None,
    split: Split = "test",
    data: Path | str | SourceSettings | None = None,
    output: Path | None = None,
    max_length: int = 128,
) -> dict[str, Any]:
    """Score a saved model in every language of a task.

    Args:
        model: directory or hub id; with a head for the task, or any encoder for a retrieval task.
        task: name of a task of the shelf, or of one that `data` states.
        languages: codes; all that the data has if None.
        split: "dev" or "test".
        data: directory in the layout of XTREME's download script, "lab", settings as in a recipe's `[data]`, or None
            for the hub.
        output: directory for predictions and results.json; must not exist.
        max_length: tokens an input is cut to.

    Returns:
        What results.json holds: `scores` by language and their `summary`, in percent.

    Raises:
        InputError: wrong task, language, data or checkpoint, or an output that exists.
    """
    if output is not None and output.exists():
        raise RunExistsError(f"{output} exists already and is never overwritten; choose another --output")
    settings = _settings(data)
    made, source = find_task(task, settings), open_source(settings)
    test = read_test_set(source, made, split, languages)
    predicted = dict(predictions(test, _predictor(str(model), source, made, max_length), made.name))
    rows = [
        row
        for code, records in predicted.items()
        for row in scores(made, source.labels(made), code, records, selection=SELECTION)
    ]
    averages = summary(rows, source.source_language(made))
    said = list(test.notes)
    content = results(str(model), 0, scores=rows, summary=averages, stages=[], probes=[], languages={}, warnings=said)
    if output is not None:
        for code, records in predicted.items():
            write_records(output / "predictions" / task / f"{code}.jsonl", records)
        write_json(output / "results.json", content)
    return content


def _settings(data: Path | str | SourceSettings | None) -> SourceSettings:
    if isinstance(data, SourceSettings):
        return data
    if data is None:
        return SourceSettings(source="hub")
    if data == "lab":
        return SourceSettings(source="lab")
    return SourceSettings(source="directory", path=Path(data))


def _predictor(model: str, source: Source, task: Task, max_length: int) -> Callable[[str, list[Example]], list[Record]]:
    if task.kind == "retrieval":
        encoder = Encoder.load(model).to(default_device())
        return lambda code, examples: retrieve(encoder, examples, language=code, source=source.source_language(task))
    loaded = TaskModel.load(model).to(default_device())
    _check(model, loaded, task, source.labels(task))
    return lambda code, examples: predict_examples(loaded, examples, language=code, max_length=max_length)


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
