"""The source contract: the origin of a task's examples.  Imports no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from crosslift.api.examples import Candidate, Example, Split
from crosslift.api.task import Task
from crosslift.errors import DataError, LanguageError, nearest


class Source(ABC):
    """A source of examples: a directory, files, the hub, or the lab."""

    generated: ClassVar[bool] = False
    """Whether examples are generated at random, so that duplicates are not an error in the data."""

    @abstractmethod
    def languages(self, task: Task, split: Split) -> tuple[str, ...]:
        """Return the languages that have data: those of the task in its order, then others."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return the provenance that a run records: origin, revision, and the SHA-256 of each file read so far."""

    def source_language(self, task: Task) -> str:
        """Return the language with labelled training data."""
        return task.source

    def labels(self, task: Task) -> tuple[str, ...]:
        """Return the labels of the examples, in the order of the model's outputs.

        For a task with `open_labels` they are those of its training data in the source language; none without it.
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
        """Return the examples of a split in one of its `languages`."""

    def examples(self, task: Task, split: Split, language: str) -> list[Example]:
        """Return the examples of a split in one language, in the order of the file.

        Raises:
            DataError: the split is missing or empty, or a row is not as expected.
            LanguageError: the split is missing in this language; the message names the nearest.
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
        """Return the pool of a ranking task: the candidates in all available languages.

        Raises:
            DataError: the source has none.
        """
        raise DataError(f'{self}: there are no candidates for {task.name}; use source = "directory"')

    @abstractmethod
    def __str__(self) -> str:
        """Return the name of the source in messages."""

    def _looked_for(self, task: Task, split: Split) -> str:  # noqa: ARG002 - for sources that can say
        """Return the end of the message about a missing split: what was looked for."""
        return ""


def in_order(found: Sequence[str], task: Task) -> tuple[str, ...]:
    """Return the languages of the task first, in its order, then the others, sorted."""
    known = [language for language in task.languages if language in found]
    return (*known, *sorted(set(found) - set(known)))
