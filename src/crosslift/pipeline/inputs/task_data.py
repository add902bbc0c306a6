"""The training, dev and test examples of a task, translated if the recipe says so, and warnings about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from crosslift.api import registry
from crosslift.api.examples import Example, RankingExample, Split
from crosslift.api.task import Task
from crosslift.data import checks
from crosslift.data.hypothesis_only import HypothesisOnly, hypothesis_only
from crosslift.data.sources import Source, find_task
from crosslift.data.subsample import sampled
from crosslift.data.test_data import TestSet
from crosslift.errors import DataError, RecipeError, nearest
from crosslift.pipeline.inputs.target_dev import TargetDev
from crosslift.pipeline.trainable import check_parts
from crosslift.recipe import DualEncoderTable, EvaluateTable, FinetuneTable, Recipe, content_hash
from crosslift.translation.task_data import Translations, training, training_views


@dataclass(frozen=True)
class TaskData:
    """The data of a task: source-language examples to train on and to choose checkpoints by."""

    task: Task
    source: str
    labels: tuple[str, ...]
    train: list[Example]
    dev: list[Example]
    languages: list[str] = field(default_factory=list)
    """The language of each training example if some were translated; empty if all are in the source language."""
    views: dict[str, list[Example]] = field(default_factory=dict)
    """Translations of the training examples by language, in the same order, for methods that read both."""
    translated_by: str = ""
    target_dev: list[TargetDev] = field(default_factory=list)
    """Labelled dev examples of target languages, for selection on target dev."""
    notes: tuple[str, ...] = ()
    """Warnings about the data."""

    @property
    def counts(self) -> dict[str, int]:
        """Number of training examples by language, if some were translated."""
        counts = Counter(self.languages or [self.source] * len(self.train) if self.views else self.languages)
        return dict(counts) | {code: len(examples) for code, examples in self.views.items()}

    @property
    def languages_record(self) -> dict[str, dict[str, int]]:
        """The number of training examples by language in the stage's row of results.json, if some were translated."""
        return {"languages": self.counts} if self.translated_by else {}

    @cached_property
    def hypothesis_only(self) -> HypothesisOnly | None:
        """The hypothesis-only baseline of pairs."""
        return hypothesis_only(self.train, self.dev)

    @property
    def baselines_record(self) -> dict[str, dict[str, float]]:
        """The baselines on source dev data in the stage's row of results.json, in percent."""
        found = self.hypothesis_only
        if found is None:
            return {}
        return {"baselines": {"commonest_label": found.most_frequent, "second_text": found.accuracy}}

    @property
    def fingerprint(self) -> str:
        """A hash of every example."""
        return content_hash(
            [self.task.name, self.source, self.labels, self.train, self.languages, self.views, self.dev]
        )


def task_data(source: Source, table: FinetuneTable, recipe: Recipe, seed: int, key: str) -> TaskData:
    """Read the training and dev data of a task.

    Args:
        source: the source of the examples.
        table: the table that names the task.
        recipe: the recipe of the table.
        seed: the seed that draws the examples, and the language of each.
        key: the table's place in the recipe.
    """
    task = find_task(table.task, recipe.data)
    language = table.source or source.source_language(task)
    check_parts(table, source.labels(task), key=key)
    all_train, train_notes = _labelled(source, task, "train", language)
    all_dev, dev_notes = _labelled(source, task, "dev", language)
    train, dev = sampled(all_train, table.train_limit, seed), sampled(all_dev, table.dev_limit, 0)
    read = TaskData(task, language, source.labels(task), train, dev, notes=(*train_notes, *dev_notes))
    if table.translate is None:
        return read
    translations = Translations(table.translate, recipe.data, f"{key}.translate")
    if table.translate.mix == "view":
        views = training_views(translations, table.translate, task, train, source=language)
        return replace(read, views=views, translated_by=str(translations))
    examples, codes = training(translations, table.translate, task, train, source=language, seed=seed)
    return replace(read, train=examples, languages=codes, translated_by=str(translations))


def dual_encoder_data(source: Source, table: DualEncoderTable, recipe: Recipe) -> TaskData:
    """Read the training data of a ranking task.

    Raises:
        RecipeError: a task of another type, or without training data.
        DataError: a query without an answer.
    """
    task = find_task(table.task, recipe.data)
    _check_rankable(task)
    language = table.source or source.source_language(task)
    examples = source.examples(task, "train", language)
    unanswered = next((each for each in examples if not (isinstance(each, RankingExample) and each.answer)), None)
    if unanswered is not None:
        raise DataError(f"{task.name} train in '{language}': query '{unanswered.id}' has no answer to learn from")
    return TaskData(task, language, (), sampled(examples, table.train_limit, table.seed_for(recipe.seed)), [])


def _check_rankable(task: Task) -> None:
    if task.task_type == "ranking" and "train" in task.files:
        return
    known = [name for name in registry.entries("task") if _trainable(name)]
    found = "has no training data" if task.task_type == "ranking" else f"is a '{task.task_type}' task"
    raise RecipeError(
        f"dual_encoder.task: '{task.name}' {found}{nearest(task.name, known)}; expected a ranking task with training "
        f"data ({', '.join(known)})"
    )


def _trainable(name: str) -> bool:
    task = registry.load("task", name)
    return task.task_type == "ranking" and "train" in task.files


def _labelled(source: Source, task: Task, split: Split, language: str) -> tuple[list[Example], list[str]]:
    """Return the labelled examples of a split, and warnings about them.

    Raises:
        DataError: labels are missing, or all the same.
    """
    examples = source.examples(task, split, language)
    checks.placeholder_labels(examples, where=f"{task.name} {split} in '{language}'")
    return examples, [] if source.generated else checks.notes(task, split, {language: examples})


def translated(test: TestSet, table: EvaluateTable, recipe: Recipe, source: Source, index: int) -> TestSet:
    """Return the test set, translated into the training language if the recipe says so."""
    if table.translate is None:
        return test
    trained_on = recipe.finetune.source if recipe.finetune else None
    into = trained_on or source.source_language(test.task)
    translations = Translations(table.translate, recipe.data, f"evaluate.{index}.translate")
    translations.check(test.task, text_only=True)
    by_language = {
        code: examples
        if code == into
        else translations.examples(test.task, test.split, examples, source=code, target=into, other=code)
        for code, examples in test.by_language.items()
    }
    return replace(test, by_language=by_language, translated_into=into)


def warnings_about(tasks: Sequence[TaskData], tests: Sequence[TestSet], recipe: Recipe) -> list[str]:
    """Return warnings about scores that are not zero-shot, overlap of training and test data, and other oddities."""
    warnings = [_not_zero_shot(task) for task in tasks if task.translated_by]
    warnings += [
        _high_baseline(task, task.hypothesis_only)
        for task in tasks
        if task.hypothesis_only and task.hypothesis_only.high
    ]
    warnings += dict.fromkeys(chain.from_iterable([task.notes for task in tasks] + [test.notes for test in tests]))
    train = [example for task in tasks for example in task.train]
    trained_on = checks.identities(train)
    for test, table in zip(tests, recipe.evaluate, strict=True):
        if table.translate:
            warnings.append(
                f"{test.task.name}: test sets were translated into '{test.translated_into}' before prediction "
                f"(translate-test, by {table.translate.by}): these scores are not zero-shot"
            )
        for code, examples in test.by_language.items():
            if overlap := checks.overlap(trained_on, examples):
                warnings.append(f"{test.task.name} {test.split} in '{code}': {overlap}")
        warnings += checks.shared_hypotheses(train, test.by_language, where=f"{test.task.name} {test.split}")
    return warnings


def _high_baseline(task: TaskData, found: HypothesisOnly) -> str:
    return (
        f"{task.task.name}: a hypothesis-only baseline (naive Bayes on second texts) gets {found.accuracy:.1f}% of the "
        f"{task.source} dev labels right (always the most frequent label: {found.most_frequent:.1f}%); compare with a "
        'model that reads only second texts (`input = { texts = "second" }` in [finetune])'
    )


def _not_zero_shot(task: TaskData) -> str:
    counts = ", ".join(f"{code} {count:,}" for code, count in task.counts.items())
    return (
        f"{task.task.name}: trained on translations (by {task.translated_by}; examples by language: {counts}): "
        "scores in these languages are not zero-shot in data"
    )
