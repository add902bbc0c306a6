"""Base of multiple_choice tasks: JSON Lines, and the index of the correct choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import MultipleChoiceExample
from crosslift.api.task import Task
from crosslift.errors import DataError, nearest
from crosslift.io.text import Row, jsonl


class MultipleChoiceTask(Task):
    """Base of tasks with a few choices; `columns` are premise, question, the choices and the label."""

    task_type = "multiple_choice"
    metrics = ("accuracy",)
    answers = ("label",)
    first_label: ClassVar[int] = 0
    """The label of the first choice in the benchmark."""
    questions: ClassVar[tuple[str, ...]] = ()
    """The possible questions; empty if each example has its own."""

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the objects of a JSON Lines file."""
        return jsonl(path)

    def from_row(
        self,
        row: Mapping[str, Any],
        index: int,
        *,
        where: str,
        features: Mapping[str, Any] | None = None,  # noqa: ARG002 - the hub numbers the choices too
    ) -> MultipleChoiceExample:
        """Return the example of one row; its id is the index of the row."""
        premise, question, *choices = (self.text(row, column, where=where) for column in self.needed)
        self._check_question(question, where)
        label = self._choice(row.get("label"), len(choices), where)
        return MultipleChoiceExample(str(index), premise, question, tuple(choices), label)

    def _check_question(self, question: str, where: str) -> None:
        if self.questions and question not in self.questions:
            known = ", ".join(self.questions)
            hint = nearest(question, self.questions)
            raise DataError(f"{where}: '{question}' is not a question of {self.name}{hint} (available: {known})")

    def _choice(self, value: Any, choices: int, where: str) -> int | None:
        """Return the index of the choice of a label; None for no label (None, blank, or -1)."""
        if value is None or str(value) in ("", "-1"):
            return None
        known = {str(self.first_label + place): place for place in range(choices)}
        if str(value) not in known:
            raise DataError(f"{where}: '{value}' is not a label of {self.name} (available: {', '.join(known)})")
        return known[str(value)]
