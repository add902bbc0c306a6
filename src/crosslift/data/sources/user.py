"""The user's tasks, defined in `[[data.task]]` and read from their files.  Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from crosslift.api.examples import Example, Split
from crosslift.api.source import Source
from crosslift.api.task import Task
from crosslift.data.sources.files import Files, named_rows
from crosslift.data.sources.settings import FileSettings, TaskSettings
from crosslift.data.sources.user_task import CHOICE, UNLABELLED, USER_TASKS, UserTask, label_text, metrics_of
from crosslift.errors import DataError, nearest

_MOST_LABELS = 50
"""A column with more values than this, and few rows per value, is unlikely to contain labels."""


class UserData(Source):
    """The user's tasks; all others come from another source, if there is one."""

    def __init__(self, tasks: Sequence[TaskSettings], *, base: Source | None = None, root: Path | None = None) -> None:
        self.base = base
        self._files = {settings.name: Files(_files(settings), root=root) for settings in tasks}

    def _of(self, task: Task) -> Source:
        source = self._files.get(task.name, self.base)
        if source is None:
            names = ", ".join(self._files)
            raise DataError(f"no data for {task.name}, only for the tasks in [[data.task]] ({names}); set data.source")
        return source

    def source_language(self, task: Task) -> str:
        """Return the source language of the task's source."""
        return self._of(task).source_language(task)

    def labels(self, task: Task) -> tuple[str, ...]:
        """Return the labels of the task's source."""
        return self._of(task).labels(task)

    def languages(self, task: Task, split: Split) -> tuple[str, ...]:
        """Return the languages of the task's source."""
        return self._of(task).languages(task, split)

    def read(self, task: Task, split: Split, language: str) -> list[Example]:
        """Return the examples of the task's source."""
        return self._of(task).read(task, split, language)

    def describe(self) -> dict[str, Any]:
        """Return the SHA-256 of the user's files read so far, and the description of the other source."""
        descriptions = [files.describe()["own_files"] for files in self._files.values()]
        read = {path: digest for files in descriptions for path, digest in files.items()}
        base: dict[str, Any] = self.base.describe() if self.base else {"source": "files"}
        return {**base, "own_files": {**base.get("own_files", {}), **read}}

    def __str__(self) -> str:
        names = ", ".join(map(str, self._files.values()))
        return f"{names} and {self.base}" if self.base else names


def user_task(settings: TaskSettings, root: Path | None = None) -> UserTask:
    """Return the task that settings define; labels that they do not list are read from the training file.

    Raises:
        DataError: no file, no such column, or a label column that does not contain labels.
    """
    base, data = USER_TASKS[settings.task_type], Files(_files(settings), root=root)
    facts: dict[str, Any] = {
        "given_name": settings.name,
        "file_columns": settings.columns,
        "source": settings.source,
        "parallel": settings.parallel,
        "languages": (),
    }
    draft = type("Defined", (base,), facts)()
    facts["languages"] = _scored(draft, data)
    facts["columns"] = _columns(draft, data)
    draft = type("Defined", (base,), facts)()
    labels = settings.labels or _labels(draft, data)
    facts["names" if settings.task_type == "multiple_choice" else "labels"] = labels
    facts["metrics"] = settings.metrics or metrics_of(settings.task_type, labels)
    task: UserTask = type("Defined", (base,), facts)()
    _check_choices(task, labels)
    if settings.task_type == "extractive_qa":
        _check_answers(task, data)
    return task


def _files(settings: TaskSettings) -> dict[Split, FileSettings]:
    """Return the task's files; the columns of a file override those of the task."""
    return {
        split: file.model_copy(update={"columns": {**settings.columns, **file.columns}})
        for split, file in settings.files.items()
    }


def _scored(task: UserTask, data: Files) -> tuple[str, ...]:
    """Return the languages with examples to score."""
    splits: Iterable[Split] = ("test", "dev")
    return tuple(dict.fromkeys(code for split in splits for code in data.languages(task, split)))


def _columns(task: UserTask, data: Files) -> tuple[str, ...]:
    """Return the columns of a task; the files determine the number of choices and whether there is a question."""
    if task.task_type != "multiple_choice":
        return task.columns
    there = {*task.file_columns, *data.header(task)}
    choices = sorted(filter(CHOICE.fullmatch, there), key=lambda name: int(name.removeprefix("choice")))
    expected = [f"choice{number}" for number in range(1, max(2, len(choices)) + 1)]
    if choices and choices != expected:
        raise DataError(f"{data}: columns of {task.name}: {', '.join(choices)} found; expected {', '.join(expected)}")
    return ("premise", *(["question"] if "question" in there else []), *expected, "label")


def _labels(task: UserTask, data: Files) -> tuple[str, ...]:
    """Return the labels in the training file, sorted: "O" first, and numbers by size."""
    if task.task_type in UNLABELLED:
        return ()
    if "train" not in data.files:
        raise DataError(
            f"{data}: the labels of {task.name} are neither given (`labels` in [[data.task]]) nor in a training file, "
            "since there is none"
        )
    column = task.answers[-1]
    read, found = 0, dict[str, None]()
    for path, line, row in named_rows(data, task, "train"):
        if column not in row:
            raise _lacking(column, "labels", task, data, where=f"{path}, line {line}")
        read += 1
        values = row[column] if isinstance(row[column], list | tuple) else [row[column]]
        found |= dict.fromkeys(filter(None, map(label_text, values)))
    _check_labels(task, list(found), read, data)
    return tuple(sorted(found, key=_order))


def _lacking(column: str, what: str, task: UserTask, data: Files, *, where: str) -> DataError:
    """Return the error about a training file without labels or answers."""
    name, there = data.files["train"].columns.get(column, column), data.header(task)
    return DataError(
        f"{where}: no column '{name}'{nearest(name, there)}, so there are no {what} to learn (available: "
        f"{', '.join(there)})"
    )


def _check_answers(task: UserTask, data: Files) -> None:
    """Check that the training file has a column of answers."""
    if "train" not in data.files:
        return
    path, line, row = next(named_rows(data, task, "train"), (Path(), 0, {"answers": ""}))
    if "answers" not in row:
        raise _lacking("answers", "answers", task, data, where=f"{path}, line {line}")


def _order(label: str) -> tuple[bool, float, str]:
    try:
        return label != "O", float(label), label
    except ValueError:
        return label != "O", float("inf"), label


def _check_labels(task: UserTask, found: Sequence[str], rows: int, data: Files) -> None:
    column = task.file_columns.get(task.answers[-1], task.answers[-1])
    if len(found) < 2:
        raise DataError(
            f"{data}: column '{column}' of the training file has {len(found)} label(s) in {rows:,} rows; at least two "
            "are expected"
        )
    if len(found) > max(_MOST_LABELS, rows / 3):
        raise DataError(
            f"{data}: column '{column}' of the training file has {len(found):,} different values in {rows:,} rows, "
            f"such as '{found[0]}' and '{found[1]}'; if it is the column of labels, list them in `labels`"
        )


def _check_choices(task: UserTask, names: Sequence[str]) -> None:
    """Check that there is one label per choice."""
    choices = [column for column in task.columns if CHOICE.fullmatch(column)]
    if choices and len(names) != len(choices):
        raise DataError(
            f"{task.name}: {len(choices)} choices ({', '.join(choices)}), but the labels are {', '.join(names)}; list "
            "the names of the choices in `labels`, in their order"
        )
