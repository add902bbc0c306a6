"""Evaluation of a saved model: a run's `model`, or any checkpoint with a task head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from crosslift.api import registry
from crosslift.api.examples import Split
from crosslift.api.task import Task
from crosslift.choices import Precision
from crosslift.data.sources import Source, SourceSettings, find_task, open_source
from crosslift.encoder.loading import load_config
from crosslift.errors import InputError, RunExistsError
from crosslift.evaluation.saved_model import SavedModel
from crosslift.evaluation.smoothing import Smoothing
from crosslift.evaluation.task_scores import ScoringOptions, TaskScores, score_task
from crosslift.heads.input_settings import check_max_length
from crosslift.runs.write import results, write_json, write_records
from crosslift.stats.benchmark import benchmark_score

ALL = "all"
"""Name for every task that the data has and the model fits."""
REASONS = 3
"""Number of tasks whose reason is given if none can be scored."""


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
        task: name of a registered task, or of one that `data` defines; "all" for every task that the data has and the
            model fits.
        languages: language codes; all that the data has if None.
        split: "dev" or "test".
        data: directory in the layout of XTREME's download script, "lab", settings as in a recipe's `[data]`, or None
            for the hub.
        output: directory for predictions and results.json; must not exist.
        max_length: tokens an input is truncated to, at least 8; None for the model's (`TaskModel.lengths`): as in
            training, or 128, and 384 for windows of a context, if its config.json does not say.  Embedding tasks have
            their own lengths.
        generalized: also score every ordered pair of languages (pair tasks).
        pooling: pooling of embeddings in embedding tasks: one of `retrieval.embedder.POOLINGS`.
        search: nearest-neighbour search in embedding tasks: one of `retrieval.search.SEARCHES`.
        smooth: smoothing of predictions, for example ``Smoothing.by("random_perturbation", radius=0.1)``; None for
            plain predictions.
        precision: "bfloat16" or "int8" (on a CPU) is faster and less exact; the scores are labelled with it.

    Returns:
        The content of results.json: `scores` by language and their `summary`, in percent, and the agreement between
        languages.  `recipe` and `seed` are those of the model's run; for any other model, its name and 0.  `evaluated`
        holds the options.  With "all", also `skipped`, the tasks that were not scored with reasons, and `benchmark`,
        the mean over tasks.

    Raises:
        InputError: wrong task, language, data or checkpoint, or an output that exists.
    """
    if output is not None and output.exists():
        raise RunExistsError(f"{output} exists already and is never overwritten; choose another --output")
    check_max_length(max_length)
    options = ScoringOptions(languages, split, max_length, generalized, pooling, search, smooth)
    settings, saved = _settings(data), SavedModel(str(model), precision)
    if task == ALL:
        content, scored = _evaluate_all(saved, settings, options)
    else:
        scored = [score_task(saved, find_task(task, settings), open_source(settings), options)]
        content = _content(saved, scored, options)
    if output is not None:
        _write(output, saved, scored, content)
    return content


def _write(output: Path, saved: SavedModel, scored: Sequence[TaskScores], content: dict[str, Any]) -> None:
    saved.origin.write(output)
    for path, records in chain.from_iterable(each.records.items() for each in scored):
        write_records(output / "predictions" / path, records)
    write_json(output / "results.json", content)


def _evaluate_all(
    saved: SavedModel, settings: SourceSettings, options: ScoringOptions
) -> tuple[dict[str, Any], list[TaskScores]]:
    if settings.source == "hub":
        raise InputError("--task all scores the tasks of a directory or of the lab; add --data DIRECTORY or --lab")
    if options.generalized:
        raise InputError("--task all cannot be combined with --generalized; name a pair task")
    load_config(saved.name)  # a missing checkpoint, or missing data, is reported once and not by every task
    source = open_source(settings)
    scored: list[TaskScores] = []
    skipped: list[dict[str, str]] = []
    for name in (*(own.name for own in settings.task), *registry.entries("task")):
        try:
            task = find_task(name, settings)
            if source.generated and (twin := _twin(task, scored)):
                skipped.append({"task": name, "reason": f"{source} has the same examples for it and for {twin}"})
                continue
            scored.append(score_task(saved, task, source, _available(options, task, source)))
        except InputError as error:
            skipped.append({"task": name, "reason": str(error)})
    if not scored:
        first = "; ".join(f"{row['task']}: {row['reason']}" for row in skipped[:REASONS])
        tried = f"{len(skipped)} tried; the first {REASONS}: {first}"
        raise InputError(f"{saved.name}: there is no task that it could be scored on ({tried})")
    summaries = [row for each in scored for row in each.summary]
    benchmark = benchmark_score(summaries, {each.task.name: each.task.metrics for each in scored})
    return _content(saved, scored, options, skipped=skipped, benchmark=benchmark), scored


def _twin(task: Task, scored: Sequence[TaskScores]) -> str | None:
    """Return a scored task that the lab generates from the same examples, or None."""
    return next((each.task.name for each in scored if each.task.lab_task == task.lab_task), None)


def _available(options: ScoringOptions, task: Task, source: Source) -> ScoringOptions:
    """Return the options with the wanted languages that the task has; if it has none of them, with all, to be told."""
    available = source.languages(task, options.split)
    wanted = [code for code in options.languages or () if code in available]
    return replace(options, languages=wanted) if wanted else options


def _content(saved: SavedModel, scored: Sequence[TaskScores], options: ScoringOptions, **of_all: Any) -> dict[str, Any]:
    def joined(name: str) -> list[Any]:
        return [row for each in scored for row in getattr(each, name)]

    names = ("scores", "summary", "probes", "warnings", "generalized", "consistency")
    rows = {name: joined(name) for name in names}
    evaluated = {"model": saved.name, "precision": saved.precision, **options.values()}
    return results(saved.origin.name, saved.origin.seed, stages=[], languages={}, **rows, evaluated=evaluated, **of_all)


def _settings(data: Path | str | SourceSettings | None) -> SourceSettings:
    if isinstance(data, SourceSettings):
        return data
    if data is None:
        return SourceSettings(source="hub")
    if data == "lab":
        return SourceSettings(source="lab")
    return SourceSettings(source="directory", path=Path(data))
