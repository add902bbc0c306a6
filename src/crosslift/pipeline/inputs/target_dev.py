"""Target dev data: the checkpoint that selection with labels of the target languages would choose.

Its scores are an upper bound on selection rules, and not zero-shot (Keung et al. 2020, arXiv 2004.15001; Schmidt et al.
2023, arXiv 2310.10532).  They are computed only if the recipe asks for them, and every table marks them.
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
from crosslift.recipe import FinetuneTable
from crosslift.train.task_items import Item
from crosslift.train.tokenized_tasks import model_items

RULE = "target-dev"
"""The name of selection on target dev data among the selection rules."""


@dataclass(frozen=True)
class TargetDev:
    """Labelled dev examples of a scored target language."""

    task: Task
    labels: tuple[str, ...]
    language: str
    examples: list[Example]

    @property
    def name(self) -> str:
        """The name of the set in the log."""
        return f"{self.task.name}.{self.language}"


def read_target_dev(
    source: Source, table: FinetuneTable, tests: Sequence[TestSet], trained_on: str
) -> tuple[list[TargetDev], list[str]]:
    """Return the dev data of every scored target language, and warnings about it.

    Args:
        source: where examples come from.
        table: settings of the stage; without `oracle` nothing is read.
        tests: the test sets that are scored.
        trained_on: the source language, which is not a target.

    Raises:
        RecipeError: no scored target language has dev data.
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
            "finetune.oracle: the rule 'target-dev' needs dev data of a scored target language, but there is none "
            f"(scored: {scored}); remove `oracle`, or score a language that has a dev split"
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


def target_items(model: TaskModel, sets: Sequence[TargetDev]) -> list[Item]:
    """Return the tokenized examples of all sets; a trimmed vocabulary must keep their subwords."""
    return [item for each in sets for item in model_items(model, each.examples, language=each.language, scored=True)]


def target_scores(model: TaskModel, sets: Sequence[TargetDev]) -> dict[str, float]:
    """Return the first metric of each set in percent, by the name of the set."""
    return {each.name: _score(model, each) for each in sets}


def _score(model: TaskModel, each: TargetDev) -> float:
    records = predict(model, each.examples, language=each.language)
    return float(registry.load("metric", each.task.metrics[0])(each.labels)(records))
