"""Target development data, for the oracle: what selection would give if it saw labels of the target languages.

The result is an upper bound for rules of selection, and not zero-shot (Keung et al. 2020, arXiv 2004.15001; Schmidt et
al. 2023, arXiv 2310.10532).  It is computed only when asked for, and every table says what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.api import registry
from crosslift.api.examples import EMBEDDING_TASKS, Example
from crosslift.api.task import Task
from crosslift.data.sources import Source
from crosslift.data.subsample import sampled
from crosslift.data.test_data import TestSet
from crosslift.errors import RecipeError
from crosslift.evaluation.predict import predict
from crosslift.heads.task_model import TaskModel
from crosslift.pipeline.stage_seed import lengths_of
from crosslift.recipe import FinetuneTable
from crosslift.train.task_items import Item, task_items

RULE = "target-dev"
"""The oracle's name among selection rules."""


@dataclass(frozen=True)
class TargetDev:
    """Labelled development examples of a target language that is scored."""

    task: Task
    labels: tuple[str, ...]
    language: str
    examples: list[Example]

    @property
    def name(self) -> str:
        """What the log calls it."""
        return f"{self.task.name}.{self.language}"


def read_target_dev(
    source: Source, table: FinetuneTable, tests: Sequence[TestSet], trained_on: str
) -> tuple[list[TargetDev], list[str]]:
    """Return the development data of every target language scored, and what to warn of.

    Args:
        source: where examples come from.
        table: the stage's settings; nothing is read unless it asks for the oracle.
        tests: what is scored.
        trained_on: the source language, which is no target.

    Raises:
        RecipeError: no target language that is scored has development data.
    """
    if not table.oracle:
        return [], []
    wanted = {
        (test.task.name, code): test.task
        for test in tests
        if test.task.task_type not in EMBEDDING_TASKS
        for code in test.by_language
        if code != trained_on
    }
    there = [(task, code) for (_, code), task in wanted.items() if code in source.languages(task, "dev")]
    if not there:
        scored = ", ".join(f"{task} in '{code}'" for task, code in wanted) or "none"
        raise RecipeError(
            "finetune.oracle: the oracle chooses by development data of the target languages scored, and there is "
            f"none (scored: {scored}); remove `oracle`, or score a language that has a dev split"
        )
    found = [TargetDev(task, source.labels(task), code, _examples(source, table, task, code)) for task, code in there]
    return found, _warnings(table, tests, found, len(wanted))


def _examples(source: Source, table: FinetuneTable, task: Task, code: str) -> list[Example]:
    return sampled(source.examples(task, "dev", code), table.dev_limit, 0)


def _warnings(table: FinetuneTable, tests: Sequence[TestSet], found: Sequence[TargetDev], wanted: int) -> list[str]:
    codes = ", ".join(dict.fromkeys(each.language for each in found))
    lines = [f"rule '{RULE}' is not zero-shot: it chooses the checkpoint by labelled development data of {codes}"]
    if table.selection == RULE:
        lines.append(f"model/ holds the weights of rule '{RULE}': this model and its predictions are not zero-shot")
    if len(found) < wanted:
        lines.append(f"rule '{RULE}' averages {len(found)} of the {wanted} test sets in target languages: no dev data")
    if any(test.split == "dev" for test in tests):
        lines.append(f"rule '{RULE}' is scored on the development data that it chose by")
    return lines


def target_items(model: TaskModel, sets: Sequence[TargetDev], table: FinetuneTable) -> list[Item]:
    """Return the tokenised examples of all sets: what a cut vocabulary must keep."""
    return [
        item
        for each in sets
        for item in task_items(
            model.encoder,
            each.examples,
            each.task.task_type,
            each.labels,
            language=each.language,
            words=False,
            prompt=model.prompt,
            input_settings=model.input_settings,
            scored=True,
            **lengths_of(table, each.task.task_type, model),
        )
    ]


def target_scores(model: TaskModel, sets: Sequence[TargetDev], table: FinetuneTable) -> dict[str, float]:
    """Return the first metric of each development set, in percent, by the set's name."""
    return {each.name: _score(model, each, table) for each in sets}


def _score(model: TaskModel, each: TargetDev, table: FinetuneTable) -> float:
    records = predict(model, each.examples, language=each.language, **lengths_of(table, each.task.task_type, model))
    return float(registry.load("metric", each.task.metrics[0])(each.labels)(records))
