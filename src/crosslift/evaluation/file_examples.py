"""Examples from a user's file: the columns with the texts, and the example of a row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosslift.api.examples import (
    Example,
    ExtractiveQAExample,
    IntentSlotExample,
    MultipleChoiceExample,
    PairExample,
    SentenceExample,
    TaggingExample,
    TaskType,
)
from crosslift.errors import CheckpointError, DataError, nearest
from crosslift.io.text import require

COLUMNS: Mapping[str, Sequence[tuple[str, ...]]] = {
    "sentence": (("text",), ("sentence",)),
    "pair": (
        ("premise", "hypothesis"),
        ("sentence1", "sentence2"),
        ("first", "second"),
        ("text", "text_pair"),
    ),
    "tagging": (("words",), ("tokens",), ("text",)),
    "intent_slot": (("words",), ("tokens",), ("utterance",), ("utt",), ("text",)),
    "multiple_choice": (
        ("premise", "question", "choice1", "choice2"),
        ("context", "question", "answerA", "answerB"),
        ("premise", "", "choice1", "choice2"),
    ),
    "extractive_qa": (("question", "context"),),
}
"""Usual columns by task type; the first set that a file has is read.

Further choices may follow, as choice3 or answerC; "" means no question."""
_CHOICE = re.compile(r"choice\d+|answer[A-Z]")
"""Columns of choices."""
_EXPECTED = {
    "sentence": (1, "one column, the text"),
    "pair": (2, "two columns, the first and the second text"),
    "tagging": (1, "one column, the words"),
    "intent_slot": (1, "one column, the words"),
    "extractive_qa": (2, "two columns, question and context"),
}
"""Number of columns by task type, and a description for messages."""


@dataclass(frozen=True)
class Columns:
    """The columns of a file that hold the texts of examples."""

    task_type: TaskType
    names: tuple[str, ...]

    @classmethod
    def find(
        cls, task_type: TaskType, header: Sequence[str], *, source: Path, chosen: Sequence[str] | None = None
    ) -> Columns:
        """Return the columns with the texts: the chosen ones, or the usual ones.

        Args:
            task_type: the model's.
            header: names of the file's columns.
            source: the file, for messages.
            chosen: names of columns; two for a "sentence" model make pairs, which have the same architecture.

        Raises:
            DataError: a column is missing, or the number of columns is wrong.
            CheckpointError: models of this task type cannot label a file.
        """
        if task_type not in COLUMNS:
            raise CheckpointError(
                f"a model for '{task_type}' tasks cannot label a file (task types: {', '.join(COLUMNS)})"
            )
        if chosen is not None:
            require(dict.fromkeys(header), chosen, where=f"{source}, line 1")
            task_type = "pair" if task_type == "sentence" and len(chosen) == 2 else task_type
            _check_count(task_type, chosen)
            return cls(task_type, tuple(chosen))
        for usual in COLUMNS[task_type]:
            if set(usual) - {""} <= set(header):
                return cls(task_type, _with_more(usual, header) if task_type == "multiple_choice" else usual)
        expected = " or ".join("+".join(filter(None, usual)) for usual in COLUMNS[task_type])
        known = [name for usual in COLUMNS[task_type] for name in usual if name]
        raise DataError(
            f"{source}, line 1: expected the column(s) {expected}, found {', '.join(header)}"
            f"{nearest(header[0], known)}; name yours with --text"
        )

    def example(self, row: Mapping[str, Any], number: int, *, where: str) -> Example:
        """Return the unlabelled example of a row.

        Args:
            row: values by column.
            number: index of the row.
            where: file and line, for messages.

        Raises:
            DataError: a column is missing, a value is not text, or there is no choice.
        """
        if self.task_type == "multiple_choice":
            return self._choices(row, str(number), where)
        require(row, self.names, where=where)
        if self.task_type in ("tagging", "intent_slot"):
            words = row[self.names[0]]
            words = words if isinstance(words, list) else self._text(row, self.names[0], where).split()
            return (TaggingExample if self.task_type == "tagging" else IntentSlotExample)(
                str(number), tuple(map(str, words))
            )
        first, *rest = (self._text(row, name, where) for name in self.names)
        if self.task_type == "extractive_qa":
            if not (first.strip() and rest[0].strip()):
                raise DataError(f"{where}: the question or the context is empty")
            return ExtractiveQAExample(f"in {where}", first, rest[0])
        return PairExample(str(number), first, rest[0]) if rest else SentenceExample(str(number), first)

    def _choices(self, row: Mapping[str, Any], number: str, where: str) -> MultipleChoiceExample:
        premise, question, *choices = (
            "" if row.get(name) is None else self._text(row, name, where) for name in self.names
        )
        while choices and not choices[-1].strip():
            choices.pop()
        if not choices:
            raise DataError(f"{where}: none of the columns {', '.join(self.names[2:])} holds a choice")
        return MultipleChoiceExample(number, premise, question, tuple(choices))

    @staticmethod
    def _text(row: Mapping[str, Any], column: str, where: str) -> str:
        value = row[column]
        if not isinstance(value, str):
            raise DataError(f"{where}: column '{column}' holds a {type(value).__name__}; text is expected")
        return value


def _check_count(task_type: TaskType, chosen: Sequence[str]) -> None:
    found = f"--text {','.join(chosen)}"
    if task_type == "multiple_choice":
        if len(chosen) < 4:
            raise DataError(f"{found}: expected premise, question and at least two choices")
        return
    count, expected = _EXPECTED[task_type]
    if len(chosen) != count:
        raise DataError(f"{found}: expected {expected}")


def _with_more(usual: Sequence[str], header: Sequence[str]) -> tuple[str, ...]:
    """Return premise, question and all choices that are named like the first, in the order of their names."""
    stem = usual[2][:-1]
    more = [name for name in header if _CHOICE.fullmatch(name) and name.startswith(stem)]
    return (*usual[:2], *sorted(more, key=lambda name: (len(name), name)))
