"""All that a recipe reads, read before anything is trained: mistakes in the data show before time is spent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
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
from crosslift.pipeline.stage_seed import stage_seed
from crosslift.pipeline.trainable import check_languages
from crosslift.recipe import EvaluateTable, IntermediateTable, Recipe


@dataclass(frozen=True)
class Tasks:
    """What an intermediate stage trains on: tasks, and perhaps unpaired text."""

    tasks: tuple[TaskData, ...]
    text: Text | None = None

    @property
    def fingerprint(self) -> list[str | None]:
        """Hashes of every example and sentence."""
        return [*(task.fingerprint for task in self.tasks), self.text.fingerprint if self.text else None]


@dataclass(frozen=True)
class RunData:
    """Everything a recipe reads."""

    source: Source
    text: Text | None
    corpora: tuple[Corpus, ...]
    """The bitext of each alignment objective."""
    task: TaskData | None
    tests: list[TestSet]
    adapter_text: Text | None = None
    """What language adapters are trained on."""
    intermediate: tuple[Tasks, ...] = ()
    """What each intermediate stage trains on."""
    dual_encoder: TaskData | None = None
    """What a dual encoder is trained on."""
    warnings: list[str] = field(default_factory=list)

    @property
    def record(self) -> dict[str, Any]:
        """Return what environment.json keeps of the data: origins, hashes, and what the filters dropped."""
        reports: dict[str, dict[str, None]] = {}
        for corpus in self.corpora:
            for code, bitext in corpus.by_language.items():
                reports.setdefault(code, {})[str(bitext.report)] = None
        return {**self.source.describe(), "bitext": {code: " | ".join(each) for code, each in reports.items()}}

    @property
    def languages(self) -> dict[str, dict[str, Any]]:
        """Return what is known about every language scored, for the report."""
        return {code: facts_of(code, self.source) for code in self.sentences}

    @property
    def sentences(self) -> dict[str, list[str]]:
        """Return the first texts of the examples by language scored, of its first test set."""
        found: dict[str, list[str]] = {}
        for test in self.tests:
            for code, examples in test.by_language.items():
                found.setdefault(code, [texts(example)[0] for example in examples])
        return found


def read(recipe: Recipe) -> RunData:
    """Read and check all that a recipe names.

    Raises:
        DataError: a file, a column, a label, an encoding.
        LanguageError: a language that the task or the data lacks.
        RecipeError: a table that needs a path has none.
    """
    world = shared_world(recipe.data.seed)
    source = open_source(recipe.data)
    tests = [_test_set(source, table, recipe.data) for table in recipe.evaluate]
    _check_forms(recipe, source, tests)
    text = read_text(recipe.pretrain.text, recipe.data, world, "pretrain.text") if recipe.pretrain else None
    corpora = read_corpora(recipe.align, recipe.data, world, tests) if recipe.align else ()
    own = recipe.language_adapters
    adapter_text = read_text(own.text, recipe.data, world, "language_adapters.text") if own else None
    unread = check_languages(recipe, source, tests, list(adapter_text.by_language)) if adapter_text else []
    # Translating may take hours: last, when all else is known to be right.
    task = task_data(source, recipe.finetune, recipe, recipe.seed, "finetune") if recipe.finetune else None
    intermediate = tuple(
        _tasks(source, table, recipe, world, f"intermediate.{index}") for index, table in enumerate(recipe.intermediate)
    )
    dual = dual_encoder_data(source, recipe.dual_encoder, recipe) if recipe.dual_encoder else None
    asked: list[str] = []
    if task and recipe.finetune:
        target_dev, asked = read_target_dev(source, recipe.finetune, tests, task.source)
        task = replace(task, target_dev=target_dev)
    tests = [translated(test, table, recipe, source, index) for index, (test, table) in _numbered(tests, recipe)]
    tasks = [each for stage in intermediate for each in stage.tasks] + [each for each in (dual, task) if each]
    warnings = [*unread, *asked, *warnings_about(tasks, tests, recipe)]
    return RunData(source, text, corpora, task, tests, adapter_text, intermediate, dual, warnings)


def _numbered(tests: Sequence[TestSet], recipe: Recipe) -> Iterator[tuple[int, tuple[TestSet, EvaluateTable]]]:
    return enumerate(zip(tests, recipe.evaluate, strict=True))


def _check_forms(recipe: Recipe, source: Source, tests: Sequence[TestSet]) -> None:
    """Check that the fine-tuned model can be scored on every test set; retrieval needs no head."""
    trained: Task | None = find_task(recipe.finetune.task, recipe.data) if recipe.finetune else None

    def form(task: Task) -> str:
        labels = ", ".join(source.labels(task))
        return f"'{task.name}' ({task.task_type}, labels {labels})" if labels else f"'{task.name}' ({task.task_type})"

    for index, test in enumerate(tests):
        if test.task.task_type in EMBEDDING_TASKS:
            continue
        if trained is None:
            raise RecipeError(f"evaluate.{index}.task: '{test.task.name}' needs a model fine-tuned on it: [finetune]")
        if (test.task.task_type, source.labels(test.task)) != (trained.task_type, source.labels(trained)):
            raise RecipeError(
                f"evaluate.{index}.task: a model fine-tuned on {form(trained)} cannot be scored on {form(test.task)}"
            )


def _tasks(source: Source, table: IntermediateTable, recipe: Recipe, world: World, key: str) -> Tasks:
    seed = stage_seed(table, recipe.seed)
    each = [table.model_copy(update={"task": name}) for name in table.names]
    text = read_text(table.mlm.text, recipe.data, world, f"{key}.mlm.text") if table.mlm else None
    return Tasks(tuple(task_data(source, one, recipe, seed, key) for one in each), text)


def _test_set(source: Source, table: EvaluateTable, data: SourceSettings) -> TestSet:
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
    """Return what a report says about a language."""
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
