"""The user's tasks: one base class per task type that a recipe can define.  Imports no torch.

`crosslift.data.sources.user` makes a subclass from the settings in `[[data.task]]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import (
    Answer,
    ExtractiveQAExample,
    MultipleChoiceExample,
    PairExample,
    RetrievalExample,
    SentenceExample,
    TaskType,
)
from crosslift.api.task import Task
from crosslift.data.sources.user_answers import cell_values, located
from crosslift.errors import DataError, nearest
from crosslift.io.text import Row, rows, suffix
from crosslift.io.words import word_rows
from crosslift.tasks.bases.extractive_qa import squad_answers
from crosslift.tasks.bases.tagging import TaggingTask

CHOICE = re.compile(r"choice[1-9]\d*")
"""The names of columns with choices: choice1, choice2, and so on."""


class UserTask(Task):
    """Base of all user tasks; the subclass sets what the recipe says."""

    given_name: ClassVar[str]
    """The name in the recipe."""
    file_columns: ClassVar[Mapping[str, str]] = {}
    """The files' names of columns, where they differ."""
    citation = "user data"
    licence = "that of the data"
    files: ClassVar = {}

    @property
    def name(self) -> str:
        """The name in the recipe."""
        return self.given_name

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the rows of a csv, tsv or JSON Lines file."""
        return rows(path)

    def label(self, value: Any, *, where: str, feature: Any = None) -> str | None:
        """Return the label as text, or None for no value or a blank cell.

        Raises:
            DataError: it is not a label of the task; the message names the column.
        """
        text = label_text(value)
        column = self.file_columns.get(self.answers[-1], self.answers[-1])
        return None if text is None else super().label(text, where=f"{where}, column '{column}'", feature=feature)


def label_text(value: Any) -> str | None:
    """Return a label as text, whatever its type; None if there is none.

    >>> label_text(5), label_text(True), label_text(" ")
    ('5', 'true', None)
    """
    if value is None:
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.strip() or None


class UserSentence(UserTask):
    """A text and its label."""

    task_type = "sentence"
    columns = ("text", "label")
    answers = ("label",)

    def from_row(
        self,
        row: Mapping[str, Any],
        index: int,
        *,
        where: str,
        features: Mapping[str, Any] | None = None,  # noqa: ARG002 - not from the hub
    ) -> SentenceExample:
        """Return the example of one row."""
        label = self.label(row.get("label"), where=where)
        return SentenceExample(str(index), self.text(row, "text", where=where), label)


class UserPair(UserTask):
    """Two texts and their label."""

    task_type = "pair"
    columns = ("first", "second", "label")
    answers = ("label",)

    def from_row(
        self,
        row: Mapping[str, Any],
        index: int,
        *,
        where: str,
        features: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> PairExample:
        """Return the example of one row."""
        first, second = (self.text(row, column, where=where) for column in self.needed)
        return PairExample(str(index), first, second, self.label(row.get("label"), where=where))


class UserTagging(UserTask, TaggingTask):
    """Words, and one tag per word."""

    columns = ("words", "tags")
    answers = ("tags",)

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield one row per sentence of a file with one word per line: `word<TAB>tag` in tsv files, else CoNLL."""
        return word_rows(path, conll=suffix(path) != ".tsv")


class UserMultipleChoice(UserTask):
    """A premise, optionally a question, and choices, one of which is right."""

    task_type = "multiple_choice"
    columns = ("premise", "question", "choice1", "choice2", "label")
    answers = ("label",)
    names: ClassVar[tuple[str, ...]] = ()
    """The names of the choices in the label column, in their order."""

    def from_row(
        self,
        row: Mapping[str, Any],
        index: int,
        *,
        where: str,
        features: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> MultipleChoiceExample:
        """Return the example of one row."""
        choices = tuple(self.text(row, column, where=where) for column in self.needed if CHOICE.fullmatch(column))
        question = self.text(row, "question", where=where) if "question" in self.columns else ""
        return MultipleChoiceExample(
            str(index), self.text(row, "premise", where=where), question, choices, self._right(row, where)
        )

    def _right(self, row: Mapping[str, Any], where: str) -> int | None:
        text = label_text(row.get("label"))
        if text is None:
            return None
        if text not in self.names:
            column = self.file_columns.get("label", "label")
            raise DataError(
                f"{where}, column '{column}': '{text}' is not a choice of {self.name}{nearest(text, self.names)} "
                f"(in the order of the choices: {', '.join(self.names)})"
            )
        return self.names.index(text)


class UserExtractiveQA(UserTask):
    """A question, a context, and answers that are parts of the context.

    An answer is a text, or in JSON Lines a list of texts; `start` is the character at which each starts, from 0.
    Without it, an answer is the first occurrence of its text.  Answers in SQuAD's format contain their positions.
    """

    task_type = "extractive_qa"
    columns = ("question", "context", "answers", "start")
    answers = ("answers", "start")

    def from_row(
        self,
        row: Mapping[str, Any],
        index: int,
        *,
        where: str,
        features: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> ExtractiveQAExample:
        """Return the example of one row, its answers checked against the context."""
        question, context = (self.text(row, column, where=where) for column in self.needed)
        for column, text in (("question", question), ("context", context)):
            if not text.strip():
                raise DataError(f"{where}: the {column} is empty")
        return ExtractiveQAExample(str(index), question, context, tuple(self._answers(row, context, where)))

    def _answers(self, row: Mapping[str, Any], context: str, where: str) -> Iterator[Answer]:
        value, starts = row.get("answers"), cell_values(row.get("start"))
        column = f"{where}, column '{self.file_columns.get('answers', 'answers')}'"
        if isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(one, Mapping) for one in value)):
            for answer in squad_answers(value, where):
                yield located(answer.text, answer.start, context, where=column)
            return
        answers = cell_values(value)
        if answers and "start" in self.file_columns and not starts:
            raise DataError(
                f"{where}, column '{self.file_columns['start']}': empty; the start of an answer is expected"
            )
        if starts and len(starts) != len(answers):
            raise DataError(f"{where}: {len(answers)} answer(s), but {len(starts)} start(s) of answers")
        for text, start in zip(answers, starts or [None] * len(answers), strict=True):
            yield located(text, start, context, where=column)


class UserRetrieval(UserTask):
    """A sentence and its translation."""

    task_type = "retrieval"
    columns = ("source", "target")

    def from_row(
        self,
        row: Mapping[str, Any],
        index: int,
        *,
        where: str,
        features: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> RetrievalExample:
        """Return the example of one row; its id is its index."""
        source, target = (self.text(row, column, where=where) for column in self.columns)
        return RetrievalExample(str(index), source, target)


USER_TASKS: Mapping[TaskType, type[UserTask]] = {
    "sentence": UserSentence,
    "pair": UserPair,
    "tagging": UserTagging,
    "multiple_choice": UserMultipleChoice,
    "extractive_qa": UserExtractiveQA,
    "retrieval": UserRetrieval,
}
"""The base class of each task type that a recipe can define."""


UNLABELLED: frozenset[TaskType] = frozenset({"extractive_qa", "retrieval"})
"""Task types without labels."""


def metrics_of(task_type: TaskType, labels: Sequence[str]) -> tuple[str, ...]:
    """Return the default metrics of a task type; tags such as B-PER are scored as chunks first.

    >>> metrics_of("tagging", ["O", "B-PER", "I-PER"])
    ('tagging_f1', 'tagging_accuracy')
    """
    match task_type:
        case "retrieval":
            return ("retrieval_accuracy",)
        case "multiple_choice":
            return ("accuracy",)
        case "extractive_qa":
            return ("f1", "exact_match")
        case "tagging":
            chunks = any(label.startswith("B-") for label in labels)
            return ("tagging_f1", "tagging_accuracy") if chunks else ("tagging_accuracy",)
        case _:
            return ("accuracy", "macro_f1")
