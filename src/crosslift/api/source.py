"""The source contract: where a task's examples come from.  Imports no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from crosslift.api.examples import Candidate, Example, Split
from crosslift.api.task import Task
from crosslift.errors import DataError, LanguageError, nearest


class Source(ABC):
    """One place that has examples of tasks."""

    generated: ClassVar[bool] = False
    """Whether examples are drawn at random, so that repeated ones are no mistake of the data."""

    @abstractmethod
    def languages(self, task: Task, split: Split) -> tuple[str, ...]:
        """Return the languages that are really there: the task's own in its order, then others."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return what a run records: the origin, its revision, and the SHA-256 of each file read so far."""

    def source_language(self, task: Task) -> str:
        """Return the language with labelled training data."""
        return task.source

    def labels(self, task: Task) -> tuple[str, ...]:
        """Return the labels the examples carry, in the order of a model's outputs.

        Those of a task with `open_labels` are what its training data in the source language has; none without it.
        """
        if not task.open_labels:
            return task.labels
        if task.name not in self._open_labels:
            language = self.source_language(task)
            there = language in self.languages(task, "train")
            self._open_labels[task.name] = task.labels_in(self.examples(task, "train", language) if there else ())
        return self._open_labels[task.name]

    @cached_property
    def _open_labels(self) -> dict[str, tuple[str, ...]]:
        return {}

    @abstractmethod
    def read(self, task: Task, split: Split, language: str) -> list[Example]:
        """Return the examples of a language that is there."""

    def examples(self, task: Task, split: Split, language: str) -> list[Example]:
        """Return the examples of a task's split in one language, in the order of the file.

        Raises:
            DataError: the split is not there or empty, or a row is not as expected.
            LanguageError: the split is there, but not in this language; the message names the nearest.
        """
        there = self.languages(task, split)
        if not there:
            looked_for = self._looked_for(task, split)
            raise DataError(f"{self}: no {split} split of {task.name}{looked_for}")
        if language not in there:
            hint = nearest(language, there)
            missing = f"{task.name} has no {split} split in '{language}'"
            raise LanguageError(f"{self}: {missing}{hint} (available: {', '.join(there)})")
        examples = self.read(task, split, language)
        if not examples:
            raise DataError(f"{self}: the {split} split of {task.name} in '{language}' has no examples")
        return examples

    def candidates(self, task: Task, split: Split) -> list[Candidate]:  # noqa: ARG002 - most have none
        """Return the pool of a ranking task: the candidates in all languages that are there.

        Raises:
            DataError: the source has none.
        """
        raise DataError(f'{self}: holds no candidates for {task.name}; use source = "directory"')

    @abstractmethod
    def __str__(self) -> str:
        """Return the source's name in messages."""

    def _looked_for(self, task: Task, split: Split) -> str:  # noqa: ARG002 - for sources that can say
        """Return what was looked for where a split is missing, to end a message with."""
        return ""


def in_order(found: Sequence[str], task: Task) -> tuple[str, ...]:
    """Return languages with the task's own first, in its order, then the others sorted."""
    known = [language for language in task.languages if language in found]
    return (*known, *sorted(set(found) - set(known)))
