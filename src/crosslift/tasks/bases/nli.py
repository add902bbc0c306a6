"""Base of natural language inference tasks: three labels, a premise and a hypothesis.

All have the same labels in the same order, so a model fine-tuned on one can be scored on any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import PairExample
from crosslift.api.task import Task
from crosslift.io.text import Row, lines, tsv

LABELS = ("entailment", "neutral", "contradiction")
_LETTERS = {label[0]: label for label in LABELS}
"""Abbreviations of labels in some benchmarks."""


class NliTask(Task):
    """Base of inference tasks; a row has `premise`, `hypothesis`, `label`, and perhaps an `id`."""

    task_type = "pair"
    labels = LABELS
    metrics = ("accuracy",)
    lab_task = "nli"
    columns = ("premise", "hypothesis", "label")
    answers = ("label",)
    identifier: ClassVar[str | None] = None
    """The column with the id of a pair; None: the id is the index of the row."""

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the rows of a tsv file, with or without a header; the label may be missing."""
        _, first = next(lines(path))
        named = set(self.needed) <= set(first.split("\t"))
        return tsv(path) if named else tsv(path, self.columns, optional=1)

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> PairExample:
        """Return the example of one row; labels may be names, their first letters, or the hub's numbers."""
        value = row.get("label")
        label = self.label(_LETTERS.get(str(value), value), where=where, feature=(features or {}).get("label"))
        premise, hypothesis = (self.text(row, column, where=where) for column in self.needed)
        own = row.get(self.identifier) if self.identifier else None
        return PairExample(str(index if own is None else own), premise, hypothesis, label)
