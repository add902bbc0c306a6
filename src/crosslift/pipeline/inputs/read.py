"""The data of a run, read before anything is trained, so that mistakes in it cost seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crosslift import languages
from crosslift.api.examples import EMBEDDING_TASKS, texts
from crosslift.api.task import Task
from crosslift.data.sources import Source, SourceSettings, find_task, open_source
from crosslift.data.sources.lab import Lab
from crosslift.data.test_data import TestSet, read_test_set
from crosslift.errors import RecipeError
from crosslift.evaluation import language_pairs
from crosslift.lab import World, shared_world
from crosslift.pipeline.inputs.corpora import Corpus, Text, read_corpora, read_text
from crosslift.pipeline.inputs.target_dev import read_target_dev
from crosslift.pipeline.inputs.task_data import TaskData, dual_encoder_data, task_data, translated, warnings_about
from crosslift.pipeline.trainable import check_languages
from crosslift.recipe import EvaluateTable, IntermediateTable, Recipe


@dataclass(frozen=True)
class IntermediateData:
    """The data of an intermediate stage: tasks, and unpaired text for masked language modelling."""

    tasks: tuple[TaskData, ...]
    text: Text | None = None

    @property
    def fingerprint(self) -> list[str | None]:
        """Hashes of every example and sentence."""
        return [*(task.fingerprint for task in self.tasks), self.text.fingerprint if self.text else None]


@dataclass(frozen=True)
class RunData:
    """Everything that a recipe reads."""

    source: Source
    text: Text | None
    corpora: tuple[Corpus, ...]
    """The bitext of each alignment objective."""
    task: TaskData | None
    tests: list[TestSet]
    adapter_text: Text | None = None
    """Text that language adapters are trained on."""
    intermediate: tuple[IntermediateData, ...] = ()
    """The data of each intermediate stage."""
    dual_encoder: TaskData | None = None
    """Queries and answers that a dual encoder is trained on."""
    warnings: tuple[str, ...] = ()

    @property
    def source_language(self) -> str:
        """The language trained on, or the first test set's source language if nothing is fine-tuned."""
        if self.task:
            return self.task.source
        return self.source.source_language(self.tests[0].task) if self.tests else ""

    @property
    def record(self) -> dict[str, Any]:
        """The row on data in environment.json: origins, hashes, and what the filters dropped."""
        reports: dict[str, dict[str, None]] = {}
        for corpus in self.corpora:
            for code, bitext in corpus.by_language.items():
                reports.setdefault(code, {})[str(bitext.report)] = None
        return {**self.source.describe(), "bitext": {code: " | ".join(each) for code, each in reports.items()}}

    @property
    def languages(self) -> dict[str, dict[str, Any]]:
        """Facts about every scored language, for the report."""
        return {code: facts_of(code, self.source) for code in self.sentences}

    @property
    def sentences(self) -> dict[str, list[str]]:
        """The first text of each example of a language's first test set, by scored language."""
        found: dict[str, list[str]] = {}
        for test in self.tests:
            for code, examples in test.by_language.items():
                found.setdefault(code, [texts(example)[0] for example in examples])
        return found


def read(recipe: Recipe) -> RunData:
    """Read and check everything that a recipe names.

    Raises:
        DataError: a file, column, label or encoding is wrong.
        LanguageError: the task or the data lacks a language.
        RecipeError: a table that needs a path has none.
    """
    world = shared_world(recipe.data.seed)
    source = open_source(recipe.data)
    tests = [table_test_set(source, table, recipe.data) for table in recipe.evaluate]
    _check_task_types(recipe, source, tests)
    text = read_text(recipe.pretrain.text, recipe.data, world, "pretrain.text") if recipe.pretrain else None
    corpora = read_corpora(recipe.align, recipe.data, world, tests) if recipe.align else ()
    adapters = recipe.language_adapters
    adapter_text = read_text(adapters.text, recipe.data, world, "language_adapters.text") if adapters else None
    without_adapter = check_languages(recipe, source, tests, list(adapter_text.by_language)) if adapter_text else []
    # Translation may take hours, so it comes after all checks.
    task = task_data(source, recipe.finetune, recipe, recipe.seed, "finetune") if recipe.finetune else None
    intermediate = tuple(
        _intermediate_data(source, table, recipe, world, f"intermediate.{index}")
        for index, table in enumerate(recipe.intermediate)
    )
    dual = dual_encoder_data(source, recipe.dual_encoder, recipe) if recipe.dual_encoder else None
    not_zero_shot: list[str] = []
    if task and recipe.finetune:
        target_dev, not_zero_shot = read_target_dev(source, recipe.finetune, tests, task.source)
        task = replace(task, target_dev=target_dev)
    tests = [translated(test, table, recipe, source, index) for index, (test, table) in _numbered(tests, recipe)]
    tasks = [each for stage in intermediate for each in stage.tasks] + [each for each in (dual, task) if each]
    warnings = (*without_adapter, *not_zero_shot, *warnings_about(tasks, tests, recipe))
    return RunData(source, text, corpora, task, tests, adapter_text, intermediate, dual, warnings)


def _numbered(tests: Sequence[TestSet], recipe: Recipe) -> Iterator[tuple[int, tuple[TestSet, EvaluateTable]]]:
    return enumerate(zip(tests, recipe.evaluate, strict=True))


def _check_task_types(recipe: Recipe, source: Source, tests: Sequence[TestSet]) -> None:
    """Check that the fine-tuned model can be scored on every test set; embedding tasks need no head."""
    trained: Task | None = find_task(recipe.finetune.task, recipe.data) if recipe.finetune else None

    def described(task: Task) -> str:
        labels = ", ".join(source.labels(task))
        return f"'{task.name}' ({task.task_type}, labels {labels})" if labels else f"'{task.name}' ({task.task_type})"

    for index, test in enumerate(tests):
        if test.task.task_type in EMBEDDING_TASKS:
            continue
        if trained is None:
            raise RecipeError(f"evaluate.{index}.task: '{test.task.name}' needs a fine-tuned model; add [finetune]")
        if (test.task.task_type, source.labels(test.task)) != (trained.task_type, source.labels(trained)):
            raise RecipeError(
                f"evaluate.{index}.task: a model fine-tuned on {described(trained)} cannot be scored on "
                f"{described(test.task)}"
            )


def _intermediate_data(
    source: Source, table: IntermediateTable, recipe: Recipe, world: World, key: str
) -> IntermediateData:
    seed = table.seed_for(recipe.seed)
    each = [table.model_copy(update={"task": name}) for name in table.names]
    text = read_text(table.mlm.text, recipe.data, world, f"{key}.mlm.text") if table.mlm else None
    return IntermediateData(tuple(task_data(source, one, recipe, seed, key) for one in each), text)


def table_test_set(source: Source, table: EvaluateTable, data: SourceSettings) -> TestSet:
    """Return the test set that a table of `[[evaluate]]` names."""
    task = find_task(table.task, data)
    languages = None if isinstance(table.languages, str) else table.languages
    if table.generalized:
        language_pairs.check(task, "evaluate.generalized")
        language_pairs.check_plain(table.smooth, "evaluate.generalized")
    test = read_test_set(source, task, table.split, languages, table.limit)
    if table.generalized:
        language_pairs.check_languages(test.by_language, "evaluate.generalized")
    return replace(test, generalized=table.generalized)


def facts_of(code: str, source: Source) -> dict[str, Any]:
    """Return the facts about a language in the report."""
    if isinstance(source, Lab):
        artificial = source.world.language(code)
        return {
            "name": artificial.name,
            "script": artificial.script,
            "family": "lab",
            "description": artificial.description,
            "distance": round(artificial.distance(source.world.source), 3),
        }
    language = languages.get(code)
    return {
        "name": language.name,
        "script": language.script,
        "family": language.family,
        "resources": language.resources,
        "description": f"{language.resources} resources",
    }
