"""The lab: a generated world with gold examples for every task in every language, and nothing to download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.api.examples import Example, Split
from crosslift.api.source import Source
from crosslift.api.task import Task
from crosslift.errors import DataError
from crosslift.lab import shared_world
from crosslift.lab.tasks import LAB_TASKS
from crosslift.lab.tasks.mining import POOL

COUNTS: Mapping[Split, int] = {"train": 6_000, "dev": 600, "test": 1_200}
"""Default number of examples by split; for mining, sentences of a pool."""


class Lab(Source):
    """Tasks of the lab's world."""

    generated = True

    def __init__(self, *, seed: int = 0, counts: Mapping[Split, int] | None = None) -> None:
        self.world = shared_world(seed)
        self.seed = seed
        self.counts = {**COUNTS, **(counts or {})}

    def source_language(self, task: Task) -> str:  # noqa: ARG002 - one for all tasks
        """Return the world's source language."""
        return self.world.source.code

    def labels(self, task: Task) -> tuple[str, ...]:
        """Return the labels of the lab's task, which may differ from the benchmark's (topics, for example)."""
        return LAB_TASKS[self._name(task)].labels

    def languages(self, task: Task, split: Split) -> tuple[str, ...]:  # noqa: ARG002 - every split has all
        """Return the world's languages; the source language comes first, if it is scored."""
        if task.lab_task not in LAB_TASKS:
            return ()
        across = task.task_type in ("retrieval", "mining")
        return tuple(language.code for language in (self.world.targets if across else self.world.languages))

    def read(self, task: Task, split: Split, language: str) -> list[Example]:
        """Return the examples; those with the same id have the same meaning in every language."""
        count = self.counts[split]
        if task.task_type == "mining":  # each example is a pair of pools
            count = -(-count // POOL)
        return self.world.examples(self._name(task), language, split, count, seed=self.seed)

    def _name(self, task: Task) -> str:
        if task.lab_task is None or task.lab_task not in LAB_TASKS:
            raise DataError(f"the lab has no task like {task.name} (available: {', '.join(LAB_TASKS)})")
        return task.lab_task

    def describe(self) -> dict[str, Any]:
        """Return the world's seed and the number of examples by split."""
        return {"source": "lab", "seed": self.seed, "counts": dict(self.counts)}

    def __str__(self) -> str:
        return "the lab"
