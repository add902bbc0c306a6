"""Score a model that was saved: a run's `model`, or any checkpoint with a task head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from crosslift.api import registry
from crosslift.api.examples import EMBEDDING_TASKS, Example, Split
from crosslift.api.records import Record
from crosslift.api.task import Task
from crosslift.data.sources import Source, SourceSettings, find_task, open_source
from crosslift.data.test_data import TestSet, read_test_set
from crosslift.encoder.device import default_device
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.loading import load_config
from crosslift.encoder.precision import Precision, lower
from crosslift.errors import CheckpointError, InputError, RunExistsError
from crosslift.evaluation import language_pairs as grids
from crosslift.evaluation.agreement import consistency
from crosslift.evaluation.predictions import predictions
from crosslift.evaluation.scores import scores, summary
from crosslift.evaluation.smoothing import Smoothing, predict_smoothed
from crosslift.heads.task_model import TaskModel
from crosslift.retrieval import probes
from crosslift.retrieval.scorer import Scorer, scorer
from crosslift.runs.provenance import Origin, origin
from crosslift.runs.write import results, write_json, write_records
from crosslift.stats.benchmark import benchmark_score
from crosslift.train.task_items import default_length
from crosslift.train.windows import DOC_STRIDE

SAVED = "as saved"
"""The selection rule of scores of a saved model: whatever chose its weights."""
SHORTEST = 8
"""Tokens that an input may be cut to, at least, as in recipes."""
ALL = "all"
"""Stands for every task that the data has and the model fits."""
REASONS = 3
"""Tasks of which it is said why, where none could be scored."""
_LABELLED = ("sentence", "pair", "multiple_choice")
"""Forms whose predictions are labels, which languages can agree about."""


@dataclass(frozen=True)
class _Asked:
    """What of the data is scored, and how."""

    languages: Sequence[str] | None
    split: Split
    max_length: int | None
    generalized: bool
    pooling: str
    search: str
    smooth: Smoothing | None

    def values(self) -> dict[str, Any]:
        """Return what shapes the predictions, for results.json."""
        values: dict[str, Any] = {"split": self.split, "pooling": self.pooling, "search": self.search}
        if self.max_length is not None:
            values["max_length"] = self.max_length
        return values if self.smooth is None else {**values, "smooth": self.smooth.values()}


@dataclass(frozen=True)
class _Scored:
    """Results of one task; `records` by the file they go to, below the predictions."""

    task: Task
    scores: list[dict[str, Any]]
    summary: list[dict[str, Any]]
    records: dict[str, list[Record]]
    warnings: list[str]
    probes: list[dict[str, Any]] = field(default_factory=list)
    generalized: list[dict[str, Any]] = field(default_factory=list)
    consistency: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Saved:
    """A checkpoint, loaded once as what tasks need: with its head, or the encoder alone."""

    name: str
    precision: Precision

    @cached_property
    def origin(self) -> Origin:
        """The run it comes from, or its name."""
        return origin(self.name)

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder."""
        encoder = Encoder.load(self.name).to(default_device())
        lower(encoder.model, self.precision)
        return encoder

    @cached_property
    def _loaded(self) -> TaskModel | CheckpointError:
        try:
            model = TaskModel.load(self.name).to(default_device())
        except CheckpointError as error:
            return error
        lower(model.module, self.precision)
        return model

    @property
    def model(self) -> TaskModel:
        """The model with its head."""
        if isinstance(self._loaded, CheckpointError):
            raise self._loaded
        return self._loaded

    @property
    def rule(self) -> str:
        """The selection rule of its scores; fewer bits are told apart."""
        return SAVED if self.precision == "float32" else f"{SAVED}, {self.precision}"


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
    precision: Precision = "float32",
) -> dict[str, Any]:
    """Score a saved model in every language of a task.

    Args:
        model: directory or hub id; with a head for the task, or any encoder for a retrieval, mining or ranking task.
        task: name of a task of the shelf, or of one that `data` states; "all" for every task that the data has and the
            model fits.
        languages: codes; all that the data has if None.
        split: "dev" or "test".
        data: directory in the layout of XTREME's download script, "lab", settings as in a recipe's `[data]`, or None
            for the hub.
        output: directory for predictions and results.json; must not exist.
        max_length: tokens an input is cut to, at least 8; None: as in the model's training, or, where its config.json
            does not say, 128, and 384 for windows of a context.  Tasks without a head have lengths of their own.
        generalized: also score every ordered pair of languages (a task of pairs of texts).
        pooling: how tasks without a head make vectors of texts: one of `embedder.POOLINGS`.
        search: how they look for neighbours: one of `neighbours.SEARCHES`.
        smooth: how predictions are smoothed, ``Smoothing.by("random_perturbation", radius=0.1)``, say; None for plain
            ones.
        precision: "bfloat16" or "int8" (on a CPU) is quicker, and rounds; its scores are labelled.

    Returns:
        What results.json holds: `scores` by language and their `summary`, in percent, and how far languages agree.
        `recipe` and `seed` are those of the run whose `model` it is; of any other model, its name and 0.  `evaluated`
        says how it was scored.
        With "all", also `skipped`, the tasks that were not scored and why, and `benchmark`, the mean over tasks.

    Raises:
        InputError: wrong task, language, data or checkpoint, or an output that exists.
    """
    if output is not None and output.exists():
        raise RunExistsError(f"{output} exists already and is never overwritten; choose another --output")
    if max_length is not None and max_length < SHORTEST:
        raise InputError(f"max_length: {max_length} found, expected at least {SHORTEST} tokens")
    asked = _Asked(languages, split, max_length, generalized, pooling, search, smooth)
    settings, saved = _settings(data), _Saved(str(model), precision)
    if task == ALL:
        content, scored = _evaluate_all(saved, settings, asked)
    else:
        made = find_task(task, settings)
        scored = [_score(saved, made, open_source(settings), asked)]
        content = _content(saved, scored, asked)
    if output is not None:
        saved.origin.write(output)
        for path, records in chain.from_iterable(each.records.items() for each in scored):
            write_records(output / "predictions" / path, records)
        write_json(output / "results.json", content)
    return content


def _evaluate_all(saved: _Saved, settings: SourceSettings, asked: _Asked) -> tuple[dict[str, Any], list[_Scored]]:
    if settings.source == "hub":
        raise InputError("--task all scores what a directory or the lab holds; name one with --data, or say --lab")
    if asked.generalized:
        raise InputError("--task all and --generalized do not go together; name a task of pairs of texts")
    load_config(saved.name)  # what is no checkpoint, or no data, is said once and not by every task
    source = open_source(settings)
    scored: list[_Scored] = []
    skipped: list[dict[str, str]] = []
    for name in (*(own.name for own in settings.task), *registry.entries("task")):
        try:
            task = find_task(name, settings)
            if source.generated and (twin := _twin(task, scored)):
                skipped.append({"task": name, "reason": f"{source} has the same examples for it and for {twin}"})
                continue
            scored.append(_score(saved, task, source, _there(asked, task, source)))
        except InputError as error:
            skipped.append({"task": name, "reason": str(error)})
    if not scored:
        first = "; ".join(f"{row['task']}: {row['reason']}" for row in skipped[:REASONS])
        tried = f"{len(skipped)} tried; the first {REASONS}: {first}"
        raise InputError(f"{saved.name}: there is no task that it could be scored on ({tried})")
    content = _content(saved, scored, asked)
    benchmark = benchmark_score(content["summary"], {each.task.name: each.task.metrics for each in scored})
    return {**content, "skipped": skipped, "benchmark": benchmark}, scored


def _twin(task: Task, scored: Sequence[_Scored]) -> str | None:
    """Return the task scored already that the lab makes of the same examples."""
    return next((each.task.name for each in scored if each.task.lab_task == task.lab_task), None)


def _there(asked: _Asked, task: Task, source: Source) -> _Asked:
    """Return what is asked for in the languages that the task has of those; all of them if it has none, to be told."""
    there = source.languages(task, asked.split)
    wanted = [code for code in asked.languages or () if code in there]
    return replace(asked, languages=wanted) if wanted else asked


def _content(saved: _Saved, scored: Sequence[_Scored], asked: _Asked) -> dict[str, Any]:
    def joined(name: str) -> list[Any]:
        return [row for each in scored for row in getattr(each, name)]

    names = ("scores", "summary", "probes", "warnings", "generalized", "consistency")
    content = results(
        saved.origin.name, saved.origin.seed, stages=[], languages={}, **{name: joined(name) for name in names}
    )
    return {**content, "evaluated": {"model": saved.name, "precision": saved.precision, **asked.values()}}


def _score(saved: _Saved, task: Task, source: Source, asked: _Asked) -> _Scored:
    if asked.generalized:
        grids.check(task, "--generalized")
        grids.check_plain(asked.smooth, "--generalized")
    model = None
    if task.task_type not in EMBEDDING_TASKS:  # a model that does not fit shows before the data is read
        model = saved.model
        _check(saved.name, model, task, source.labels(task))
    test = read_test_set(source, task, asked.split, asked.languages)
    if asked.generalized:
        grids.check_languages(test.by_language, "--generalized")
    own = source.source_language(task)
    if model is None:
        return _score_by_vectors(saved, test, own, asked)
    return _score_with_head(saved, model, test, own, source.labels(task), asked)


def _score_with_head(
    saved: _Saved, model: TaskModel, test: TestSet, source: str, labels: Sequence[str], asked: _Asked
) -> _Scored:
    task, length = test.task, _length(model, asked)
    if asked.generalized:
        grids.check_model(model)
    predicted = _predict(model, test, asked)
    rows = [
        row for code, records in predicted.items() for row in scores(task, labels, code, records, selection=saved.rule)
    ]
    grid = dict(grids.predict_grid(model, test, predicted, max_length=length)) if asked.generalized else {}
    agreed = None
    if task.parallel and task.task_type in _LABELLED:
        agreed = consistency(predicted, source, task=task.name, selection=saved.rule)
    return _Scored(
        task,
        rows,
        summary(rows, source),
        {**_files(task, predicted), **{grids.file(task, pair): records for pair, records in grid.items()}},
        list(test.notes),
        generalized=grids.scores(task, labels, grid, selection=saved.rule) if grid else [],
        consistency=[agreed] if agreed else [],
    )


def _score_by_vectors(saved: _Saved, test: TestSet, source: str, asked: _Asked) -> _Scored:
    """Score an encoder on a task without a head; vectors that are not made by the benchmark's rule are told apart."""
    made = scorer(saved.encoder, test, source=source, pooling=asked.pooling, search=asked.search)
    predicted = dict(predictions(test, made, test.task.name))
    rule = saved.rule if asked.pooling == "benchmark" else f"{saved.rule}, pooling {asked.pooling}"
    rows = [row for code, records in predicted.items() for row in scores(test.task, (), code, records, selection=rule)]
    warnings = list(dict.fromkeys([*test.notes, *made.notes]))
    files = _files(test.task, predicted)
    return _Scored(test.task, rows, summary(rows, source), files, warnings, probes=_probes(made, source))


def _files(task: Task, predicted: dict[str, list[Record]]) -> dict[str, list[Record]]:
    return {f"{task.name}/{code}.jsonl": records for code, records in predicted.items()}


def _settings(data: Path | str | SourceSettings | None) -> SourceSettings:
    if isinstance(data, SourceSettings):
        return data
    if data is None:
        return SourceSettings(source="hub")
    if data == "lab":
        return SourceSettings(source="lab")
    return SourceSettings(source="directory", path=Path(data))


def _length(model: TaskModel, asked: _Asked) -> int:
    """Return how many tokens an input is cut to: as asked for, as in training, or as is usual."""
    return asked.max_length or model.input_settings.max_length or default_length(model.task_type)


def _predict(model: TaskModel, test: TestSet, asked: _Asked) -> dict[str, list[Record]]:
    lengths = {"max_length": _length(model, asked), "doc_stride": model.input_settings.doc_stride or DOC_STRIDE}

    def predict_one(code: str, examples: list[Example]) -> list[Record]:
        return predict_smoothed(model, examples, smoothing=asked.smooth, language=code, **lengths)

    return dict(predictions(test, predict_one, test.task.name))


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
    if not labels and model.task_type != task.task_type:
        raise CheckpointError(
            f"{name}: the model is for '{model.task_type}' tasks, and {task.name} is a '{task.task_type}' task; was it "
            "fine-tuned on another task?"
        )
