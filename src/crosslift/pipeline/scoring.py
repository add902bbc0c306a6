"""The scores and probes of a run: predictions are written to its folder, rows of results.json are returned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosslift.api.examples import EMBEDDING_TASKS, Example
from crosslift.api.records import Record
from crosslift.data.test_data import TestSet
from crosslift.encoder.encoder import Encoder
from crosslift.errors import LanguageError
from crosslift.evaluation import language_pairs
from crosslift.evaluation.agreement import consistency
from crosslift.evaluation.fertility import fertility
from crosslift.evaluation.language_pairs import predict_grid
from crosslift.evaluation.predictions import predictions
from crosslift.evaluation.scores import scores
from crosslift.evaluation.smoothing import Smoothing, predict_smoothed
from crosslift.pipeline.inputs.read import RunData
from crosslift.pipeline.inputs.smoothing import smoothing_of
from crosslift.pipeline.outcome import Outcome
from crosslift.pipeline.stages.finetune import Finetuned
from crosslift.recipe import EvaluateTable, FinetuneTable, Recipe
from crosslift.retrieval import probes
from crosslift.retrieval.embedder import embedder
from crosslift.retrieval.scorer import scorer
from crosslift.retrieval.vectors import Vectors
from crosslift.runs.write import write_records
from crosslift.train.windows import sides

Predicted = Mapping[str, list[Record]]
"""Records by language."""


@dataclass(frozen=True)
class Scoring:
    """Scores one run; run on the main process only."""

    recipe: Recipe
    data: RunData
    folder: Path

    def check_pooling(self, encoder: Encoder) -> None:
        """Check that the encoder has the pooling of every embedding task.

        Raises:
            CheckpointError: the checkpoint lacks it.
        """
        for test, table in self._tests(embedding_tasks=True):
            embedder(encoder, test.task.task_type, table.pooling or "benchmark")

    def languages(self, encoder: Encoder) -> dict[str, dict[str, Any]]:
        """Return facts about each scored language, with the tokenizer's fertility."""
        return {
            code: {**facts, "tokenizer": fertility(encoder, self.data.sentences[code], language=sides(code)[1])}
            for code, facts in self.data.languages.items()
        }

    def embedding_tasks(self, encoder: Encoder) -> Outcome:
        """Score retrieval, mining and ranking with the encoder before fine-tuning, as XTREME does."""
        outcome = Outcome()
        for test, table in self._tests(embedding_tasks=True):
            source = self.data.source.source_language(test.task)
            predict = scorer(
                encoder, test, source=source, pooling=table.pooling or "benchmark", search=table.search or "auto"
            )
            for language, records in predictions(test, predict, test.task.name):
                outcome += self._scored(test, language, records, rule="last", folder="predictions")
            outcome += Outcome(warnings=tuple(predict.notes))
        return outcome

    def finetuned(self, tuned: Finetuned) -> Outcome:
        """Score the fine-tuned model with the weights of each selection rule, save it, and probe its encoder."""
        outcome = Outcome()
        predicted: dict[str, list[Predicted]] = {}
        for rule, weights in tuned.weights.items():
            tuned.model.module.load_state_dict(weights)
            # Rules often choose the same weights; the model then predicts only once.
            predicted[rule] = predicted.get(tuned.twin(rule)) or self._predicted(tuned, rule)
            outcome += self._scored_rule(tuned, rule, predicted[rule])
        tuned.save(self.folder / "model", self._finetune.selection)
        return outcome + self.probe(tuned.model.encoder, "finetune", tuned.model.in_language)

    @property
    def _finetune(self) -> FinetuneTable:
        assert self.recipe.finetune is not None
        return self.recipe.finetune

    def _tests(self, *, embedding_tasks: bool) -> list[tuple[TestSet, EvaluateTable]]:
        """Return the test sets of embedding tasks, or those that need a head, each with its table."""
        pairs = zip(self.data.tests, self.recipe.evaluate, strict=True)
        return [(test, table) for test, table in pairs if (test.task.task_type in EMBEDDING_TASKS) == embedding_tasks]

    def _predicted(self, tuned: Finetuned, rule: str) -> list[Predicted]:
        """Predict every test set of the fine-tuned task with the weights that are in the model."""
        return [
            dict(predictions(test, self._predictor(tuned, test, table), f"{test.task.name} ({rule})"))
            for test, table in self._tests(embedding_tasks=False)
        ]

    def _predictor(
        self, tuned: Finetuned, test: TestSet, table: EvaluateTable
    ) -> Callable[[str, list[Example]], list[Record]]:
        smoothing: Smoothing | None = smoothing_of(table, self.recipe)

        def predict(language: str, examples: list[Example]) -> list[Record]:
            return predict_smoothed(tuned.model, examples, smoothing=smoothing, language=test.read_in(language))

        return predict

    def _scored_rule(self, tuned: Finetuned, rule: str, predicted: list[Predicted]) -> Outcome:
        """Score the predictions of one selection rule, whose weights are in the model."""
        outcome = Outcome()
        selected = rule == self._finetune.selection
        folder = "predictions" if selected else f"predictions.{rule}"
        for (test, _), by_language in zip(self._tests(embedding_tasks=False), predicted, strict=True):
            for language, records in by_language.items():
                outcome += self._scored(test, language, records, rule=rule, folder=folder)
            outcome += self._consistency(test, by_language, rule)
            if test.generalized and selected:
                outcome += self._language_pairs(tuned, test, by_language)
        return outcome

    def _scored(self, test: TestSet, language: str, records: list[Record], *, rule: str, folder: str) -> Outcome:
        """Write the records of one language, and return their scores."""
        write_records(self.folder / folder / test.task.name / f"{language}.jsonl", records)
        labels = self.data.source.labels(test.task)
        return Outcome(scores=tuple(scores(test.task, labels, language, records, selection=rule)))

    def _consistency(self, test: TestSet, predicted: Predicted, rule: str) -> Outcome:
        """Return the agreement between languages of a parallel classification task."""
        if not test.task.parallel or test.task.task_type in ("tagging", "intent_slot", "extractive_qa"):
            return Outcome()
        row = consistency(predicted, self.data.source_language, task=test.task.name, selection=rule)
        return Outcome(consistency=(row,) if row else ())

    def _language_pairs(self, tuned: Finetuned, test: TestSet, diagonal: Predicted) -> Outcome:
        """Score every ordered pair of languages with the weights that become RUN/model."""
        grid = {}
        for pair, records in predict_grid(tuned.model, test, diagonal):
            grid[pair] = records
            write_records(self.folder / "predictions" / language_pairs.file(test.task, pair), records)
        labels = self.data.source.labels(test.task)
        rows = language_pairs.scores(test.task, labels, grid, selection=self._finetune.selection)
        return Outcome(generalized=tuple(rows))

    def probe(
        self,
        encoder: Encoder,
        stage: str,
        in_language: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
    ) -> Outcome:
        """Measure retrieval between languages on a parallel test set, and save the vectors for the report's map.

        Args:
            encoder: the encoder after the stage.
            stage: the name of the stage in results.json.
            in_language: sets the model to a language; one without an adapter raises LanguageError and is left out.
        """
        tests = (test for test in self.data.tests if test.translated_into is None and test.task.parallel)
        test = next(tests, None)
        if test is None:
            return Outcome()
        texts = probes.parallel_texts(test.by_language, self.data.source.source_language(test.task))
        space: dict[str, Vectors] = {}
        for code, rows in texts.items():
            with suppress(LanguageError), in_language(code):
                space |= probes.vectors(encoder, {code: rows})
        if not space:
            return Outcome()
        parallel = {code: rows for code, rows in texts.items() if code in space}
        probes.save_vectors(self.folder / "embeddings.npz", space, parallel, stage)
        return Outcome(probes=tuple(probes.measures(space, self.data.source_language, stage)))
