"""Tasks of a user's own: six forms, whose facts a recipe states and nobody need write in Python.

`forms` are bases; `crosslift.data.sources.user` makes a class of one of them out of `[[data.task]]`.
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
from crosslift.errors import DataError, nearest
from crosslift.io.text import Row, form, rows
from crosslift.io.words import word_rows
from crosslift.tasks.bases.extractive_qa import squad_answers
from crosslift.tasks.bases.tagging import TaggingTask

CHOICE = re.compile(r"choice[1-9]\d*")
"""Columns of choices: choice1, choice2, and so on."""


class UserTask(Task):
    """Base of all: what is stated is set by the class made of it."""

    called: ClassVar[str]
    """The task's name."""
    theirs: ClassVar[Mapping[str, str]] = {}
    """The files' name of a column, where it is another."""
    citation = "data of one's own"
    licence = "that of the data"
    files: ClassVar = {}

    @property
    def name(self) -> str:
        """The name that the recipe gives."""
        return self.called

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the rows of a csv, tsv or JSON Lines file."""
        return rows(path)

    def label(self, value: Any, *, where: str, feature: Any = None) -> str | None:
        """Return the label as text, or None where there is none: nothing, or a blank cell.

        Raises:
            DataError: it is not among those stated, or found in the training data; the message names the column.
        """
        text = label_text(value)
        column = self.theirs.get(self.answers[-1], self.answers[-1])
        return None if text is None else super().label(text, where=f"{where}, column '{column}'", feature=feature)


def label_text(value: Any) -> str | None:
    """Return a label as text, whatever it was read from; None for none.

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
    """Words, and a tag each."""

    columns = ("words", "tags")
    answers = ("tags",)

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield a row a sentence of a file with a word a line: `word<TAB>tag` in a tsv file, else as CoNLL's."""
        return word_rows(path, conll=form(path) != ".tsv")


class UserMultipleChoice(UserTask):
    """A premise, perhaps a question, and choices of which one is right."""

    task_type = "multiple_choice"
    columns = ("premise", "question", "choice1", "choice2", "label")
    answers = ("label",)
    names: ClassVar[tuple[str, ...]] = ()
    """What the label column calls the choices, in their order."""

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
            column = self.theirs.get("label", "label")
            raise DataError(
                f"{where}, column '{column}': '{text}' names no choice of {self.name}{nearest(text, self.names)} "
                f"(in the order of the choices: {', '.join(self.names)})"
            )
        return self.names.index(text)


class UserExtractiveQA(UserTask):
    """A question, a context, and words of the context that answer it.

    Answers are a text, or in JSON Lines a list of texts; `start` is where each begins, in characters from 0.  Without
    it, an answer is where its text first stands in the context.  Answers as SQuAD has them name their places.
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
        value, places = row.get("answers"), _listed(row.get("start"))
        if isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(one, Mapping) for one in value)):
            for answer in squad_answers(value, where):
                yield self._placed(answer.text, answer.start, context, where)
            return
        answers = _listed(value)
        if answers and "start" in self.theirs and not places:
            raise DataError(
                f"{where}, column '{self.theirs['start']}': no place of an answer, which `columns` says is there"
            )
        if places and len(places) != len(answers):
            raise DataError(f"{where}: {len(answers)} answer(s), but {len(places)} place(s) of answers")
        for text, start in zip(answers, places or [None] * len(answers), strict=True):
            yield self._placed(text, start, context, where)

    def _placed(self, text: Any, start: Any, context: str, where: str) -> Answer:
        """Return an answer that stands where it should."""
        where = f"{where}, column '{self.theirs.get('answers', 'answers')}'"
        if not isinstance(text, str):
            raise DataError(f"{where}: an answer is a {type(text).__name__}; text is expected")
        if start is None:
            text = text.strip()
            found = context.find(text)
            if found < 0:
                raise DataError(
                    f"{where}: the answer '{text}' does not stand in the context{_other_case(text, context)}"
                )
            return Answer(text, found)
        place = _place(start, where)
        if not context.startswith(text, place):
            there, found = context[place : place + len(text)], context.find(text)
            hint = f"; it stands at {found}" if found >= 0 else ""
            raise DataError(
                f"{where}: the answer '{text}' is said to begin at character {place} of the context, counted from 0, "
                f"where '{there}' stands{hint}"
            )
        return Answer(text, place)


def _listed(value: Any) -> list[Any]:
    """Return the values of a cell; a blank one holds none."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    return value if isinstance(value, list) else [value]


def _place(value: Any, where: str) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not text.isdecimal():
        raise DataError(f"{where}: the answer's place is '{value}'; a whole number is expected, characters from 0")
    return int(text)


def _other_case(text: str, context: str) -> str:
    """Return a hint where the text stands in other letters."""
    found = context.lower().find(text.lower())
    return f"; '{context[found : found + len(text)]}' does" if found >= 0 else ""


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
        """Return the example of one row; its id is its place in the order."""
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
"""The forms a recipe can state."""


UNLABELLED: frozenset[TaskType] = frozenset({"extractive_qa", "retrieval"})
"""Forms without labels."""


def metrics_of(task_type: TaskType, labels: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics of a form, where the recipe names none; tags such as B-PER are scored in chunks first.

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
