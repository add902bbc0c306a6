"""One run under way, and the scores that it collects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosslift.api.examples import EMBEDDING_TASKS, Example
from crosslift.api.records import Record
from crosslift.data.test_data import TestSet
from crosslift.encoder.encoder import Encoder
from crosslift.errors import LanguageError
from crosslift.evaluation import language_pairs
from crosslift.evaluation.agreement import consistency
from crosslift.evaluation.language_pairs import predict_grid
from crosslift.evaluation.predictions import predictions
from crosslift.evaluation.scores import scores
from crosslift.evaluation.smoothing import Smoothing, predict_smoothed
from crosslift.pipeline.inputs.read import RunData
from crosslift.pipeline.inputs.smoothing import smoothing_of
from crosslift.pipeline.stage_seed import lengths_of
from crosslift.pipeline.stages.finetune import Finetuned
from crosslift.recipe import EvaluateTable, FinetuneTable, Recipe
from crosslift.retrieval import probes
from crosslift.retrieval.language_bias import Vectors
from crosslift.retrieval.scorer import scorer
from crosslift.runs.write import write_records
from crosslift.train import processes


@dataclass
class Run:
    """One run under way: what it was given and what results.json will hold."""

    recipe: Recipe
    data: RunData
    folder: Path
    scores: list[dict[str, Any]] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    probes: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    generalized: list[dict[str, Any]] = field(default_factory=list)
    consistency: list[dict[str, Any]] = field(default_factory=list)
    languages: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    predicted: dict[tuple[str, int], dict[str, list[Record]]] = field(default_factory=dict)
    """By selection rule and number of the test set; rules often choose the same weights, then applied once."""

    @property
    def source(self) -> str:
        """The language trained on, or the first task's where nothing is fine-tuned."""
        if self.data.task:
            return self.data.task.source
        return self.data.source.source_language(self.data.tests[0].task) if self.data.tests else ""


def score_tuned(run: Run, table: FinetuneTable, tuned: Finetuned) -> None:
    """Score the fine-tuned model with the weights of each selection rule, and save it."""
    assert run.data.task is not None
    for rule, weights in tuned.weights.items():
        tuned.model.module.load_state_dict(weights)
        _score_task(run, tuned, rule)
    tuned.save(run.folder / "model", table.selection)
    _measure_space(run, tuned.model.encoder, "finetune", tuned.model.in_language)


def _score_task(run: Run, tuned: Finetuned, rule: str) -> None:
    """Score every test set of the fine-tuned task's form with the weights of one selection rule, now in the model."""
    table = run.recipe.finetune
    assert table is not None
    folder = "predictions" if rule == table.selection else f"predictions.{rule}"
    for number, (test, scored) in enumerate(tests(run, embedding_tasks=False)):
        smoothing = smoothing_of(scored, run.recipe)

        def predict_one(
            language: str, examples: list[Example], test: TestSet = test, smoothing: Smoothing | None = smoothing
        ) -> list[Record]:
            lengths = lengths_of(table, test.task.task_type, tuned.model)
            return predict_smoothed(
                tuned.model, examples, smoothing=smoothing, language=test.read_in(language), **lengths
            )

        predicted = run.predicted.get((tuned.twin(rule), number)) or dict(
            predictions(test, predict_one, f"{test.task.name} ({rule})")
        )
        run.predicted[rule, number] = predicted
        for language, records in predicted.items():
            _keep(run, test, language, records, rule, folder)
        _keep_consistency(run, test, predicted, rule)
        if test.generalized and rule == table.selection:
            _score_grid(run, tuned, test, predicted)


def _score_grid(run: Run, tuned: Finetuned, test: TestSet, diagonal: Mapping[str, list[Record]]) -> None:
    """Score every ordered pair of languages with the weights that become RUN/model, now in the model."""
    table = run.recipe.finetune
    assert table is not None
    grid = {}
    length = lengths_of(table, test.task.task_type, tuned.model)["max_length"]
    for pair, records in predict_grid(tuned.model, test, diagonal, max_length=length):
        grid[pair] = records
        write_records(run.folder / "predictions" / language_pairs.file(test.task, pair), records)
    run.generalized += language_pairs.scores(
        test.task, run.data.source.labels(test.task), grid, selection=table.selection
    )


def _keep_consistency(run: Run, test: TestSet, predicted: Mapping[str, list[Record]], rule: str) -> None:
    if test.task.parallel and test.task.task_type not in ("tagging", "intent_slot", "extractive_qa"):
        row = consistency(predicted, run.source, task=test.task.name, selection=rule)
        run.consistency += [row] if row else []


def score_retrieval(run: Run, encoder: Encoder) -> None:
    """Score retrieval, mining and ranking with the encoder before fine-tuning, as XTREME does."""
    for test, table in tests(run, embedding_tasks=True):
        ways = {"pooling": table.pooling or "benchmark", "search": table.search or "auto"}
        scored = scorer(encoder, test, source=run.data.source.source_language(test.task), **ways)
        for language, records in predictions(test, scored, test.task.name):
            _keep(run, test, language, records, "last", "predictions")
        run.warnings += scored.notes


def tests(run: Run, *, embedding_tasks: bool) -> list[tuple[TestSet, EvaluateTable]]:
    """Return the test sets that are scored with sentence vectors, or those that need a head, each with its table."""
    both = zip(run.data.tests, run.recipe.evaluate, strict=True)
    return [(test, table) for test, table in both if (test.task.task_type in EMBEDDING_TASKS) == embedding_tasks]


def _keep(run: Run, test: TestSet, language: str, records: list[Record], rule: str, name: str) -> None:
    write_records(run.folder / name / test.task.name / f"{language}.jsonl", records)
    run.scores += scores(test.task, run.data.source.labels(test.task), language, records, selection=rule)


def probe(run: Run, encoder: Encoder, stage: str) -> None:
    """Measure retrieval and language bias of the encoder after a stage."""
    processes.on_main(lambda: _measure_space(run, encoder, stage))


def _as_it_is(language: str) -> AbstractContextManager[None]:
    """Have nothing changed for a language."""
    del language
    return nullcontext()


def _measure_space(
    run: Run, encoder: Encoder, stage: str, in_language: Callable[[str], AbstractContextManager[None]] = _as_it_is
) -> None:
    """Measure retrieval between languages on a parallel test set, and keep the vectors for the report's map."""
    untranslated = (test for test in run.data.tests if test.translated_into is None)
    test = next((test for test in untranslated if test.task.parallel), None)
    if test is None:
        return
    texts = probes.parallel_texts(test.by_language, run.data.source.source_language(test.task))
    space: dict[str, Vectors] = {}
    for code, rows in texts.items():
        with suppress(LanguageError), in_language(code):  # retrieval is scored in languages that no adapter may be for
            space |= probes.vectors(encoder, {code: rows})
    if not space:
        return
    parallel = {code: rows for code, rows in texts.items() if code in space}
    run.probes += probes.measures(space, run.source, stage)
    probes.save_vectors(run.folder / "embeddings.npz", space, parallel, stage)
