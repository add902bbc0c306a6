"""What a task is trained on and scored on, translated where the recipe says so, and what is worth saying about it."""

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
    """A task to train: source-language examples to learn from and to choose checkpoints by."""

    task: Task
    source: str
    labels: tuple[str, ...]
    train: list[Example]
    dev: list[Example]
    languages: list[str] = field(default_factory=list)
    """The language of each training example, where some were translated; none where all are in the source language."""
    views: dict[str, list[Example]] = field(default_factory=dict)
    """Translations of the training examples by language, in their order, for methods that compare both."""
    translated_by: str = ""
    target_dev: list[TargetDev] = field(default_factory=list)
    """Labelled examples of target languages: for the oracle alone."""
    notes: tuple[str, ...] = ()
    """What is worth saying about the data."""

    @property
    def counts(self) -> dict[str, int]:
        """Training examples by language, where some were translated."""
        own = Counter(self.languages or [self.source] * len(self.train) if self.views else self.languages)
        return dict(own) | {code: len(examples) for code, examples in self.views.items()}

    @property
    def languages_record(self) -> dict[str, dict[str, int]]:
        """What a stage's line in results.json says of translated training data; nothing where there is none."""
        return {"languages": self.counts} if self.translated_by else {}

    @cached_property
    def hypothesis_only(self) -> HypothesisOnly | None:
        """How well labels of pairs are told by their second texts alone."""
        return hypothesis_only(self.train, self.dev)

    @property
    def baselines_record(self) -> dict[str, dict[str, float]]:
        """What a stage's line in results.json says of baselines on source development data, in percent."""
        found = self.hypothesis_only
        return {"baselines": {"commonest_label": found.commonest, "second_text": found.second}} if found else {}

    @property
    def fingerprint(self) -> str:
        """A hash of every example."""
        return content_hash(
            [self.task.name, self.source, self.labels, self.train, self.languages, self.views, self.dev]
        )


def task_data(source: Source, table: FinetuneTable, recipe: Recipe, seed: int, key: str) -> TaskData:
    """Read what a table trains a task on.

    Args:
        source: where examples come from.
        table: names the task.
        recipe: the table's recipe.
        seed: draws the examples, and the language of each.
        key: the table's place in the recipe.
    """
    task = find_task(table.task, recipe.data)
    language = table.source or source.source_language(task)
    check_parts(table, source.labels(task), key=key)
    whole, said = _labelled(source, task, "train", language)
    train = sampled(whole, table.train_limit, seed)
    whole, of_dev = _labelled(source, task, "dev", language)
    dev = sampled(whole, table.dev_limit, 0)
    read = TaskData(task, language, source.labels(task), train, dev, notes=(*said, *of_dev))
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
        RecipeError: a task of another form, or without training data.
        DataError: a query without an answer.
    """
    task = find_task(table.task, recipe.data)
    _check_rankable(task)
    language = table.source or source.source_language(task)
    examples = source.examples(task, "train", language)
    bare = next((one for one in examples if not (isinstance(one, RankingExample) and one.answer)), None)
    if bare is not None:
        raise DataError(f"{task.name} train in '{language}': query '{bare.id}' has no answer to learn from")
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
    """Return the examples of a split that has all its labels, and what is worth saying about them.

    Raises:
        DataError: labels are missing, or all the same.
    """
    examples = source.examples(task, split, language)
    checks.placeholder_labels(examples, where=f"{task.name} {split} in '{language}'")
    return examples, [] if source.generated else checks.notes(task, split, {language: examples})


def translated(test: TestSet, table: EvaluateTable, recipe: Recipe, source: Source, index: int) -> TestSet:
    """Return the test set, translated into the language that was trained on where the recipe says so."""
    if table.translate is None:
        return test
    own = recipe.finetune.source if recipe.finetune else None
    into = own or source.source_language(test.task)
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
    """Say what is not zero-shot, which test examples are trained on, and what else is odd about the data."""
    warnings = [_not_zero_shot(task) for task in tasks if task.translated_by]
    warnings += [
        _given_away(task, task.hypothesis_only) for task in tasks if task.hypothesis_only and task.hypothesis_only.much
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


def _given_away(task: TaskData, found: HypothesisOnly) -> str:
    return (
        f"{task.task.name}: second texts (hypotheses) alone tell the label of {found.second:.1f}% of {task.source} dev "
        f"to naive Bayes (the commonest label: {found.commonest:.1f}%): compare with a model that reads nothing else "
        '(`read = { texts = "second" }` in [finetune])'
    )


def _not_zero_shot(task: TaskData) -> str:
    counts = ", ".join(f"{code} {count:,}" for code, count in task.counts.items())
    return (
        f"{task.task.name}: trained on translations (by {task.translated_by}; examples by language: {counts}): "
        "scores in these languages are not zero-shot in data"
    )
