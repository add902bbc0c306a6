"""A user's own files, a split each: csv, tsv or JSON Lines with the task's columns under any names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crosslift.data.sources._settings import FileSettings
from crosslift.data.sources._source import Source
from crosslift.data.sources.directory import present
from crosslift.data.text import Row, csv, existing, form, lines, require, rows, sha256, tsv
from crosslift.tasks._task import Example, Split, Task

_MARK = "{language}"


class Files(Source):
    """Files for some splits; the other splits come from another source, if there is one."""

    def __init__(
        self, files: Mapping[Split, FileSettings], *, base: Source | None = None, root: Path | None = None
    ) -> None:
        self.files = dict(files)
        self.base = base
        self.root = root or Path()
        self._read: set[Path] = set()

    def source_language(self, task: Task) -> str:
        """Return the source language of the other source, or the task's."""
        return self.base.source_language(task) if self.base else task.source

    def labels(self, task: Task) -> tuple[str, ...]:
        """Return the labels of the other source, or the task's; those of its own training file where they are open."""
        if self.base is None or (task.open_labels and "train" in self.files):
            return super().labels(task)
        return self.base.labels(task)

    def languages(self, task: Task, split: Split) -> tuple[str, ...]:
        """Return the languages for which there is a file."""
        if split not in self.files:
            return self.base.languages(task, split) if self.base else ()
        settings = self.files[split]
        if _MARK in settings.path:
            return tuple(present(self.root, settings.path))
        return (settings.language or self.source_language(task),)

    def read(self, task: Task, split: Split, language: str) -> list[Example]:
        """Return the examples of the split's file, or what the other source has."""
        if split not in self.files:
            assert self.base is not None  # `languages` is empty otherwise
            return self.base.read(task, split, language)
        settings = self.files[split]
        path = existing(self.root / settings.path.replace(_MARK, language))
        self._read.add(path)
        if _in_layout(path, task, settings):
            return list(task.read_file(path, split))
        return [_example(task, row, settings, index=index, path=path) for index, row in _rows(path, settings)]

    def describe(self) -> dict[str, Any]:
        """Return the SHA-256 of the files read so far, as stored, beside what the other source says."""
        files = {str(path): sha256(path) for path in sorted(self._read)}
        base = self.base.describe() if self.base else {"source": "files"}
        return {**base, "own_files": files}

    def __str__(self) -> str:
        names = ", ".join(settings.path for settings in self.files.values())
        return f"{names} and {self.base}" if self.base else names


def _in_layout(path: Path, task: Task, settings: FileSettings) -> bool:
    """Return whether a file is laid out as the benchmark's own: no csv, no JSON, no line of column names."""
    if settings.header or settings.columns or settings.labels or form(path) in (".csv", ".jsonl", ".ndjson"):
        return False
    _, first = next(lines(path))
    return not set(task.columns) & set(first.split("\t"))


def _rows(path: Path, settings: FileSettings) -> Iterator[tuple[int, Row]]:
    if settings.header is None:
        return enumerate(rows(path))
    return enumerate((csv if form(path) == ".csv" else tsv)(path, settings.header))


def _example(task: Task, row: Row, settings: FileSettings, *, index: int, path: Path) -> Example:
    """Return the example of a row, columns and labels renamed to the task's."""
    line, values = row
    where = f"{path}, line {line}"
    named = {column: settings.columns.get(column, column) for column in task.columns}
    require(values, [named[column] for column in task.needed], where=where)
    ours = {column: values[name] for column, name in named.items() if name in values}
    for column in set(task.answers) & set(ours):
        answer = ours[column]
        tags = task.kind == "tagging" or column == "tags"
        several = answer.split() if tags and isinstance(answer, str) else answer
        ours[column] = _renamed(several, settings.labels)
    return task.from_row(ours, index, where=where)


def _renamed(value: Any, labels: Mapping[str, str]) -> Any:
    """Return a label renamed, or each of a list of them."""
    if isinstance(value, list):
        return [_renamed(item, labels) for item in value]
    return labels.get(str(value), value)
