"""Tasks of a user's own: five forms, whose facts a recipe states and nobody need write in Python.

`forms` are bases; `crosslift.data.sources.own` makes a class of one of them out of `[[data.task]]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from crosslift.data.text import Row, form, rows
from crosslift.errors import DataError, nearest
from crosslift.tasks._tagging import TaggingTask, word_rows
from crosslift.tasks._task import ChoiceExample, Kind, PairExample, RetrievalExample, SentenceExample, Task

CHOICE = re.compile(r"choice[1-9]\d*")
"""Columns of choices: choice1, choice2, and so on."""


class OwnTask(Task):
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


class OwnSentence(OwnTask):
    """A text and its label."""

    kind = "sentence"
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


class OwnPair(OwnTask):
    """Two texts and their label."""

    kind = "pair"
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


class OwnTagging(OwnTask, TaggingTask):
    """Words, and a tag each."""

    columns = ("words", "tags")
    answers = ("tags",)

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield a row a sentence of a file with a word a line: `word<TAB>tag` in a tsv file, else as CoNLL's."""
        return word_rows(path, conll=form(path) != ".tsv")


class OwnChoice(OwnTask):
    """A premise, perhaps a question, and choices of which one is right."""

    kind = "choice"
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
    ) -> ChoiceExample:
        """Return the example of one row."""
        choices = tuple(self.text(row, column, where=where) for column in self.needed if CHOICE.fullmatch(column))
        question = self.text(row, "question", where=where) if "question" in self.columns else ""
        return ChoiceExample(
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


class OwnRetrieval(OwnTask):
    """A sentence and its translation."""

    kind = "retrieval"
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


FORMS: Mapping[Kind, type[OwnTask]] = {
    "sentence": OwnSentence,
    "pair": OwnPair,
    "tagging": OwnTagging,
    "choice": OwnChoice,
    "retrieval": OwnRetrieval,
}
"""The forms a recipe can state."""


def metrics_of(kind: Kind, labels: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics of a form, where the recipe names none; tags such as B-PER are scored in chunks first.

    >>> metrics_of("tagging", ["O", "B-PER", "I-PER"])
    ('tagging_f1', 'tagging_accuracy')
    """
    match kind:
        case "retrieval":
            return ("retrieval_accuracy",)
        case "choice":
            return ("accuracy",)
        case "tagging":
            chunks = any(label.startswith("B-") for label in labels)
            return ("tagging_f1", "tagging_accuracy") if chunks else ("tagging_accuracy",)
        case _:
            return ("accuracy", "macro_f1")
