"""The user's files, one per split: csv, tsv or JSON Lines with the task's columns under any names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crosslift.api.examples import Candidate, Example, Split
from crosslift.api.source import Source
from crosslift.api.task import Task
from crosslift.data.sources.directory import present
from crosslift.data.sources.settings import FileSettings
from crosslift.io.text import Row, csv, existing, lines, require, rows, sha256, suffix, tsv
from crosslift.io.words import word_rows

_MARK = "{language}"
_NAMED = (".csv", ".jsonl", ".ndjson")
"""File formats with named columns."""


class Files(Source):
    """Files for some splits; other splits come from another source, if there is one."""

    def __init__(
        self, files: Mapping[Split, FileSettings], *, base: Source | None = None, root: Path | None = None
    ) -> None:
        self.files = dict(files)
        self.base = base
        self.root = root or Path()
        self._read: set[Path] = set()

    def source_language(self, task: Task) -> str:
        """Return the source language of the other source, else of the task."""
        return self.base.source_language(task) if self.base else task.source

    def labels(self, task: Task) -> tuple[str, ...]:
        """Return the labels of the other source, else of the task; open labels are read from the training file."""
        if self.base is None or (task.open_labels and self._has(task, "train")):
            return super().labels(task)
        return self.base.labels(task)

    def languages(self, task: Task, split: Split) -> tuple[str, ...]:
        """Return the languages that have a file."""
        if not self._has(task, split):
            return self.base.languages(task, split) if self.base else ()
        settings = self.files[split]
        if _MARK in settings.path:
            return tuple(present(self.root, settings.path))
        return (settings.language or self.source_language(task),)

    def read(self, task: Task, split: Split, language: str) -> list[Example]:
        """Return the examples of the split's file, else those of the other source."""
        if not self._has(task, split):
            assert self.base is not None  # `languages` is empty otherwise
            return self.base.read(task, split, language)
        settings = self.files[split]
        path = self.path(split, language)
        self._read.add(path)
        if _in_layout(path, task, settings):
            return list(task.read_file(path, split))
        return [
            task.from_row(values, index, where=f"{path}, line {line}")
            for index, (line, values) in enumerate(_named(task, path, settings))
            if task.is_example(values)
        ]

    def _has(self, task: Task, split: Split) -> bool:
        """Return whether a split of a task has a file."""
        return split in self.files and self.files[split].task in (None, task.name)

    def path(self, split: Split, language: str) -> Path:
        """Return the file of a split in a language.

        Raises:
            DataError: no such file; the message names the nearest file in its folder.
        """
        return existing(self.root / self.files[split].path.replace(_MARK, language))

    def header(self, task: Task) -> tuple[str, ...]:
        """Return the column names of the first file."""
        split = next(iter(self.files))
        language = next(iter(self.languages(task, split)), task.source)
        _, row = next(_rows(self.path(split, language), task, self.files[split]), (0, {}))
        return tuple(row)

    def candidates(self, task: Task, split: Split) -> list[Candidate]:
        """Return the candidates of the other source."""
        return self.base.candidates(task, split) if self.base else super().candidates(task, split)

    def describe(self) -> dict[str, Any]:
        """Return the SHA-256 of the stored files that were read so far, and the description of the other source."""
        files = {str(path): sha256(path) for path in sorted(self._read)}
        base = self.base.describe() if self.base else {"source": "files"}
        return {**base, "own_files": files}

    def __str__(self) -> str:
        names = ", ".join(settings.path for settings in self.files.values())
        return f"{names} and {self.base}" if self.base else names


def named_rows(data: Files, task: Task, split: Split) -> Iterator[tuple[Path, int, dict[str, Any]]]:
    """Yield (file, line, values by column of the task) of a split's file in the source language."""
    path = data.path(split, data.files[split].language or data.source_language(task))
    for line, values in _named(task, path, data.files[split]):
        yield path, line, values


def _in_layout(path: Path, task: Task, settings: FileSettings) -> bool:
    """Return whether a file has the benchmark's own format: not csv, not JSON, and without a header."""
    if settings.header or settings.columns or settings.labels or suffix(path) in _NAMED:
        return False
    return not _has_names(path, task, settings)


def _has_names(path: Path, task: Task, settings: FileSettings) -> bool:
    """Return whether the first line of a tsv file, or of a file with one word per line, is a header."""
    _, first = next(lines(path))
    return bool({settings.columns.get(column, column) for column in task.columns} & set(first.split("\t")))


def _rows(path: Path, task: Task, settings: FileSettings) -> Iterator[Row]:
    """Yield the rows of a file; files of tagging tasks may have one word per line."""
    if settings.header is not None:
        return (csv if suffix(path) == ".csv" else tsv)(path, settings.header)
    if task.task_type == "tagging" and suffix(path) not in _NAMED and not _has_names(path, task, settings):
        return word_rows(path, conll=suffix(path) != ".tsv")
    return rows(path)


def _named(task: Task, path: Path, settings: FileSettings) -> Iterator[Row]:
    """Yield the rows of a file with the task's names of columns and labels."""
    for line, values in _rows(path, task, settings):
        yield line, _renamed_row(task, values, settings, where=f"{path}, line {line}")


def _renamed_row(task: Task, values: dict[str, Any], settings: FileSettings, *, where: str) -> dict[str, Any]:
    words = isinstance(values.get("words"), tuple)  # from a file with one word per line, whose columns have no names
    named = {column: column if words else settings.columns.get(column, column) for column in task.columns}
    require(values, [named[column] for column in task.needed], where=where)
    ours = {column: values[name] for column, name in named.items() if name in values}
    for column in set(task.answers) & set(ours):
        answer = ours[column]
        tags = task.task_type == "tagging" or column == "tags"
        answers = answer.split() if tags and isinstance(answer, str) else answer
        ours[column] = _renamed(answers, settings.labels)
    return ours


def _renamed(value: Any, labels: Mapping[str, str]) -> Any:
    """Return the task's name of a label, or of each label of a list."""
    if isinstance(value, list | tuple):
        return [_renamed(item, labels) for item in value]
    return labels.get(str(value), value)
