"""The task contract: facts about a task, and the conversion of rows to examples.  Imports no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import Candidate, Example, Split, TaskType
from crosslift.errors import DataError, nearest
from crosslift.io.text import Row, require


@dataclass(frozen=True)
class HubData:
    """The location and layout of a task on the hub."""

    path: str
    config: str | None = "{language}"
    """The name of a language's configuration."""
    splits: Mapping[Split, str] = field(default_factory=lambda: {"train": "train", "dev": "validation", "test": "test"})
    """The hub's names of the splits, which may contain `{language}`; splits that the hub lacks are left out."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The hub's names of columns of the task, where they differ."""
    languages: Mapping[str, str] = field(default_factory=dict)
    """The hub's codes of languages of the task, where they differ."""
    id_prefix: str = ""
    """Prefix of the ids of a language's rows, where a configuration holds several languages; `{language}` is the hub's
    code."""
    gaps: Mapping[Split, tuple[str, ...]] = field(default_factory=dict)
    """Languages that lack rows of a parallel task without ids.  Since rows with the same index are not translations
    there, these languages get ids that no other language has."""
    revision: str | None = None


class Task(ABC):
    """A task: class attributes are facts, and two methods turn rows into examples.

    A row maps the names in `columns` to values, whatever it was read from: `data.sources` passes rows of the hub and
    of users' files to `from_row`, and files of a benchmark's directory to `read_file`.  A task opens no network
    connection, and only the files that it is given.
    """

    task_type: ClassVar[TaskType]
    labels: ClassVar[tuple[str, ...]] = ()
    """Labels in the order of the model's outputs; empty for task types without labels (extractive_qa, multiple_choice,
    embedding tasks) and for tasks with `open_labels`."""
    open_labels: ClassVar[bool] = False
    """Whether the labels are taken from the training data by `labels_in`, instead of `labels`."""
    source: ClassVar[str] = "en"
    """The language with labelled training data."""
    languages: ClassVar[tuple[str, ...]]
    """Languages with test data, in the codes of the benchmark, with the source language if it is scored."""
    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Named subsets of `languages` over which published averages are taken."""
    on_request: ClassVar[tuple[str, ...]] = ()
    """Those of `languages` that are scored only if they are requested by name."""
    metrics: ClassVar[tuple[str, ...]]
    """Names of metrics; averages use the first."""
    parallel: ClassVar[bool] = False
    """Whether examples with the same id are translations of each other."""
    lab_task: ClassVar[str | None] = None
    """The lab task of the same task type, or None."""
    hub: ClassVar[HubData | None] = None
    files: ClassVar[Mapping[Split, tuple[str, ...]]]
    """Paths in an XTREME-style directory, of which the first match is used; `{language}` is the language.

    A path without `{language}` holds the source language.
    """
    file_codes: ClassVar[Mapping[str, str]] = {}
    """Replacements for `{language}` in the paths of `files`, where they are not the language's code."""
    pools: ClassVar[Mapping[Split, tuple[str, ...]]] = {}
    """Paths of the candidates of a ranking task, as in `files`; a path may hold all languages."""
    lengths: ClassVar[tuple[int, int]] = (128, 128)
    """Maximum numbers of tokens of a query and of a candidate of a ranking task."""
    columns: ClassVar[tuple[str, ...]]
    """The columns of a row of labelled data."""
    answers: ClassVar[tuple[str, ...]] = ()
    """The columns that unlabelled data may lack."""
    facts: ClassVar[Mapping[Split, Mapping[str, int]]] = {}
    """Published numbers of examples, by split and language."""
    citation: ClassVar[str]
    licence: ClassVar[str]

    @property
    def name(self) -> str:
        """The name of the task, which is that of its file."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns of every row, labelled or not."""
        return tuple(column for column in self.columns if column not in self.answers)

    @abstractmethod
    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield (line number, row) of one file of the benchmark's directory, in the layout of its scripts."""

    @abstractmethod
    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> Example:
        """Return the example of one row.

        Args:
            row: values by column.
            index: the index of the row in its split.
            where: the place of the row, for messages: file and line, or data set and row.
            features: the hub's features by column, which name integer labels.

        Raises:
            DataError: a label that the task does not have, or a value that is not as expected.
        """

    def read_file(self, path: Path, split: Split | None = None) -> Iterator[Example]:
        """Yield the examples of one file of the benchmark's directory, all or those of a split.

        Raises:
            DataError: a row is not as expected; the message names file and line.
        """
        chosen = ((line, row) for line, row in self.file_rows(path) if split is None or self.of_split(row, split))
        for index, (line, row) in enumerate(chosen):
            where = f"{path}, line {line}"
            require(row, self.needed, where=where)
            if self.is_example(row):
                yield self.from_row(row, index, where=where)

    def is_example(self, row: Mapping[str, Any]) -> bool:  # noqa: ARG002 - overridden where rows are left out
        """Return whether a row is an example; a few benchmarks have rows that their authors leave out."""
        return True

    def languages_in(self, path: Path) -> tuple[str, ...]:  # noqa: ARG002 - overridden by tasks that read the file
        """Return the languages of a file whose path names none: the source language by default."""
        return (self.source,)

    def read_language(
        self,
        path: Path,
        language: str,  # noqa: ARG002 - as above
        split: Split | None = None,
    ) -> Iterator[Example]:
        """Yield the examples of one language in one file: all of them by default."""
        return self.read_file(path, split)

    def read_candidates(self, path: Path, language: str) -> Iterator[Candidate]:
        """Yield the candidates of one file of `pools`.

        Args:
            path: the file.
            language: the language in its path; the source language if the path names none.

        Raises:
            DataError: a row is not as expected, or the task has no candidates.
        """
        raise DataError(f"{self.name} has no pool of candidates ({path} in '{language}')")

    def labels_in(self, examples: Sequence[Example]) -> tuple[str, ...]:
        """Return the labels of training data in the order of the model's outputs, for tasks with `open_labels`."""
        del examples
        return self.labels

    def of_split(self, row: Mapping[str, Any], split: Split) -> bool:
        """Return whether a row belongs to a split, for files with several splits."""
        del row, split
        return True

    def parts(self, path: Path) -> tuple[Path, ...]:
        """Return all files that `read_file(path)` reads, `path` first."""
        return (path,)

    def text(self, row: Mapping[str, Any], column: str, *, where: str) -> str:
        """Return the text in a column.

        Raises:
            DataError: the value is not a text.
        """
        value = row[column]
        if not isinstance(value, str):
            found = type(value).__name__
            raise DataError(
                f"{where}: column '{column}' of {self.name} contains a value of type {found}; expected text"
            )
        return value

    def label(self, value: Any, *, where: str, feature: Any = None) -> str | None:
        """Return the label of a value, or None if the value is None or the hub's -1.

        Args:
            value: the name of a label, or its number in `feature`.
            where: the place of the value, for messages.
            feature: the hub's `ClassLabel`, for numbers.

        Raises:
            DataError: the task has no such label; the message names the nearest one.
        """
        if value is None or value == -1:
            return None
        label = feature.int2str(value) if isinstance(value, int) and feature is not None else value
        if label not in self.labels:
            known = ", ".join(self.labels)
            hint = nearest(str(label), self.labels)
            raise DataError(f"{where}: '{label}' is not a label of {self.name}{hint} (available: {known})")
        return str(label)


def codes(text: str) -> tuple[str, ...]:
    """Return the words of a text: a compact notation for many language codes.

    >>> codes("ar bg de")
    ('ar', 'bg', 'de')
    """
    return tuple(text.split())


def counts(text: str) -> dict[str, int]:
    """Return the numbers after words in a text: a compact notation for many counts.

    >>> counts("en 5440 es 3147")
    {'en': 5440, 'es': 3147}
    """
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))
