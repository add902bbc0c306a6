"""The task contract: what an example is, and what one file on this shelf declares.  Imports no torch."""

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
    """Where a task stands on the hub."""

    path: str
    config: str | None = "{language}"
    """The configuration of a language."""
    splits: Mapping[Split, str] = field(default_factory=lambda: {"train": "train", "dev": "validation", "test": "test"})
    """The hub's names of the splits, in which `{language}` may stand; a split it lacks is left out."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The hub's name of a column of the task, where it is another."""
    languages: Mapping[str, str] = field(default_factory=dict)
    """The hub's code of a language of the task, where it is another."""
    id_prefix: str = ""
    """With what the ids of a language's rows begin, where one configuration holds several; `{language}` stands for the
    hub's code."""
    gaps: Mapping[Split, tuple[str, ...]] = field(default_factory=dict)
    """Languages of a parallel task that lack rows where rows have no ids: their places are not those of their
    translations, so they get ids that no other language has."""
    revision: str | None = None


class Task(ABC):
    """What one file on this shelf declares.  Class attributes are facts; two methods turn rows into examples.

    A row is a mapping from the names in `columns` to values, whatever it was read from: `data.sources` hands
    rows of the hub and of users' files to `from_row`, and files of a benchmark's directory to `read_file`.  A
    task never opens the network, and opens only the files it is given.
    """

    task_type: ClassVar[TaskType]
    labels: ClassVar[tuple[str, ...]] = ()
    """Labels in the order of the model's outputs; empty where a task has none (retrieval, span, choice), or leaves them
    to the data."""
    open_labels: ClassVar[bool] = False
    """Whether the labels are those of the training data, found by `labels_in`, instead of `labels`."""
    source: ClassVar[str] = "en"
    """The language with labelled training data."""
    languages: ClassVar[tuple[str, ...]]
    """Languages with test data, the source included where it is scored, as the benchmark codes them."""
    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Named subsets of `languages` that published averages are over."""
    on_request: ClassVar[tuple[str, ...]] = ()
    """Those of `languages` that are scored only where they are asked for by name."""
    metrics: ClassVar[tuple[str, ...]]
    """Names on the metrics shelf; the first is the one averages are made of."""
    parallel: ClassVar[bool] = False
    """Whether examples of one id are translations of each other in all languages."""
    lab_task: ClassVar[str | None] = None
    """The lab task of the same form, or None."""
    hub: ClassVar[HubData | None] = None
    files: ClassVar[Mapping[Split, tuple[str, ...]]]
    """Paths in an XTREME-style directory, first match wins; `{language}` stands for the language.

    A split in the source language alone may leave it out: a path without it holds the source language.
    """
    file_codes: ClassVar[Mapping[str, str]] = {}
    """What stands for a language in the paths of `files`, where it is not the language's code."""
    pools: ClassVar[Mapping[Split, tuple[str, ...]]] = {}
    """Where the candidates of a ranking task stand, as in `files`; a path may serve all languages."""
    lengths: ClassVar[tuple[int, int]] = (128, 128)
    """Tokens that a query and a candidate of a ranking task are cut to."""
    columns: ClassVar[tuple[str, ...]]
    """What a row of labelled data holds."""
    answers: ClassVar[tuple[str, ...]] = ()
    """The columns that unlabelled data may lack."""
    facts: ClassVar[Mapping[Split, Mapping[str, int]]] = {}
    """Published example counts by split and language."""
    citation: ClassVar[str]
    licence: ClassVar[str]

    @property
    def name(self) -> str:
        """The file's name, which is the task's."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that every row holds, labelled or not."""
        return tuple(column for column in self.columns if column not in self.answers)

    @abstractmethod
    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield (line number, row) of one file of the benchmark's directory, as its scripts lay it out."""

    @abstractmethod
    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> Example:
        """Return the example of one row.

        Args:
            row: values by column.
            index: the row's number in its split, from 0.
            where: where the row stands, for messages: file and line, or data set and row.
            features: the hub's features by column, which name integer labels.

        Raises:
            DataError: a label the task does not have, or a value that is not as expected.
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

    def is_example(self, row: Mapping[str, Any]) -> bool:  # noqa: ARG002 - for benchmarks with rows to leave out
        """Return whether a row is an example; a few benchmarks hold rows that their authors leave out."""
        return True

    def languages_in(self, path: Path) -> tuple[str, ...]:  # noqa: ARG002 - for tasks that must look
        """Return the languages of a file whose path names none: the source language, unless the task says otherwise."""
        return (self.source,)

    def read_language(
        self,
        path: Path,
        language: str,  # noqa: ARG002 - as above
        split: Split | None = None,
    ) -> Iterator[Example]:
        """Yield the examples of one language in one file; all of the file, unless the task says otherwise."""
        return self.read_file(path, split)

    def read_candidates(self, path: Path, language: str) -> Iterator[Candidate]:
        """Yield the candidates of one file of `pools`.

        Args:
            path: the file.
            language: what stood for `{language}` in its path; the source language where the path names none.

        Raises:
            DataError: a row is not as expected, or the task has no candidates.
        """
        raise DataError(f"{self.name} has no pool of candidates ({path} in '{language}')")

    def labels_in(self, examples: Sequence[Example]) -> tuple[str, ...]:
        """Return the labels of training data in the order of a model's outputs, where `open_labels`."""
        del examples
        return self.labels

    def of_split(self, row: Mapping[str, Any], split: Split) -> bool:
        """Return whether a row is of a split, where a file of the benchmark's directory holds several."""
        del row, split
        return True

    def parts(self, path: Path) -> tuple[Path, ...]:
        """Return every file that `read_file(path)` reads, `path` first."""
        return (path,)

    def text(self, row: Mapping[str, Any], column: str, *, where: str) -> str:
        """Return the text in a column.

        Raises:
            DataError: it is no text.
        """
        value = row[column]
        if not isinstance(value, str):
            found = type(value).__name__
            raise DataError(f"{where}: column '{column}' of {self.name} holds a {found}; text is expected")
        return value

    def label(self, value: Any, *, where: str, feature: Any = None) -> str | None:
        """Return the label a value stands for, or None where there is none (None, or the hub's -1).

        Args:
            value: a label's name, or its number in `feature`.
            where: where it stands, for the message.
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
    """Return the words of a text: a compact way to write many language codes.

    >>> codes("ar bg de")
    ('ar', 'bg', 'de')
    """
    return tuple(text.split())


def counts(text: str) -> dict[str, int]:
    """Return the numbers that follow words in a text: a compact way to write many counts.

    >>> counts("en 5440 es 3147")
    {'en': 5440, 'es': 3147}
    """
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))
