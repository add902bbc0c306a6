"""Tasks that a recipe states, `[[data.task]]`: made of their settings and their files, and read from these."""

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
"""With more labels than this, and few rows a label, a column hardly holds labels."""


class UserData(Source):
    """Tasks of one's own; all others come from another source, if there is one."""

    def __init__(self, tasks: Sequence[TaskSettings], *, base: Source | None = None, root: Path | None = None) -> None:
        self.base = base
        self._own = {settings.name: Files(_files(settings), root=root) for settings in tasks}

    def _of(self, task: Task) -> Source:
        source = self._own.get(task.name, self.base)
        if source is None:
            names = ", ".join(self._own)
            raise DataError(
                f"there is no data for {task.name}, only for tasks of one's own ({names}); name data.source"
            )
        return source

    def source_language(self, task: Task) -> str:
        """Return what the task's source says."""
        return self._of(task).source_language(task)

    def labels(self, task: Task) -> tuple[str, ...]:
        """Return what the task's source says."""
        return self._of(task).labels(task)

    def languages(self, task: Task, split: Split) -> tuple[str, ...]:
        """Return what the task's source says."""
        return self._of(task).languages(task, split)

    def read(self, task: Task, split: Split, language: str) -> list[Example]:
        """Return what the task's source has."""
        return self._of(task).read(task, split, language)

    def describe(self) -> dict[str, Any]:
        """Return the SHA-256 of the own files read so far, beside what the other source says."""
        read = {path: digest for own in self._own.values() for path, digest in own.describe()["own_files"].items()}
        base: dict[str, Any] = self.base.describe() if self.base else {"source": "files"}
        return {**base, "own_files": {**base.get("own_files", {}), **read}}

    def __str__(self) -> str:
        names = ", ".join(map(str, self._own.values()))
        return f"{names} and {self.base}" if self.base else names


def user_task(settings: TaskSettings, root: Path | None = None) -> UserTask:
    """Return the task that settings state; labels that they do not state are those of the training file.

    Raises:
        DataError: no file to look at, no such column, or a label column that holds no labels.
    """
    form, data = USER_TASKS[settings.task_type], Files(_files(settings), root=root)
    facts: dict[str, Any] = {
        "called": settings.name,
        "theirs": settings.columns,
        "source": settings.source,
        "parallel": settings.parallel,
        "languages": (),
    }
    draft = type("Stated", (form,), facts)()
    facts["languages"] = _scored(draft, data)
    facts["columns"] = _columns(draft, data)
    draft = type("Stated", (form,), facts)()
    labels = settings.labels or _labels(draft, data)
    facts["names" if settings.task_type == "multiple_choice" else "labels"] = labels
    facts["metrics"] = settings.metrics or metrics_of(settings.task_type, labels)
    made: UserTask = type("Stated", (form,), facts)()
    _check_choices(made, labels)
    if settings.task_type == "extractive_qa":
        _check_answers(made, data)
    return made


def _files(settings: TaskSettings) -> dict[Split, FileSettings]:
    """Return the task's files, each with the columns that the task states and its own over them."""
    return {
        split: file.model_copy(update={"columns": {**settings.columns, **file.columns}})
        for split, file in settings.files.items()
    }


def _scored(task: UserTask, data: Files) -> tuple[str, ...]:
    """Return the languages that there is something to score in."""
    splits: Iterable[Split] = ("test", "dev")
    return tuple(dict.fromkeys(code for split in splits for code in data.languages(task, split)))


def _columns(task: UserTask, data: Files) -> tuple[str, ...]:
    """Return the columns of a task; how many choices there are, and whether with a question, the files say."""
    if task.task_type != "multiple_choice":
        return task.columns
    there = {*task.theirs, *data.header(task)}
    choices = sorted(filter(CHOICE.fullmatch, there), key=lambda name: int(name.removeprefix("choice")))
    expected = [f"choice{number}" for number in range(1, max(2, len(choices)) + 1)]
    if choices and choices != expected:
        raise DataError(f"{data}: columns of {task.name}: {', '.join(choices)} found; expected {', '.join(expected)}")
    return ("premise", *(["question"] if "question" in there else []), *expected, "label")


def _labels(task: UserTask, data: Files) -> tuple[str, ...]:
    """Return the labels that the training file holds, sorted; numbers by size, and "O" first."""
    if task.task_type in UNLABELLED:
        return ()
    if "train" not in data.files:
        raise DataError(
            f"{data}: labels of {task.name} are neither stated (`labels` in [[data.task]]) nor to be found: there is "
            "no training file"
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
    """Return the error of a training file without a column of what is learned."""
    theirs, there = data.files["train"].columns.get(column, column), data.header(task)
    return DataError(
        f"{where}: no column '{theirs}'{nearest(theirs, there)}, so there are no {what} to learn (available: "
        f"{', '.join(there)})"
    )


def _check_answers(task: UserTask, data: Files) -> None:
    """Check that a training file has a column of answers."""
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
    theirs = task.theirs.get(task.answers[-1], task.answers[-1])
    if len(found) < 2:
        raise DataError(
            f"{data}: column '{theirs}' of the training file holds {len(found)} label(s) in {rows:,} rows; at least "
            "two are expected"
        )
    if len(found) > max(_MOST_LABELS, rows / 3):
        raise DataError(
            f"{data}: column '{theirs}' of the training file holds {len(found):,} different values in {rows:,} rows, "
            f"such as '{found[0]}' and '{found[1]}': is it the column of labels?  State `labels` if it is"
        )


def _check_choices(task: UserTask, names: Sequence[str]) -> None:
    """Check that each choice has a name in the column of labels."""
    choices = [column for column in task.columns if CHOICE.fullmatch(column)]
    if choices and len(names) != len(choices):
        raise DataError(
            f"{task.name}: {len(choices)} choices ({', '.join(choices)}), but the labels are {', '.join(names)}; state "
            "`labels`, what each choice is called, in their order"
        )
