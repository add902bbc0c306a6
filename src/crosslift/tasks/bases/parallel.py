"""Base of retrieval tasks: find the translation of a sentence among those of all sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from crosslift.api.examples import RetrievalExample
from crosslift.api.task import Task
from crosslift.errors import DataError
from crosslift.io.text import Row, lines


class ParallelTask(Task):
    """A retrieval task; a row has a sentence in the source language and its translation."""

    task_type = "retrieval"
    metrics = ("retrieval_accuracy", "reverse_retrieval_accuracy")
    lab_task = "retrieval"
    columns = ("source", "target")

    def from_row(
        self,
        row: Mapping[str, Any],
        index: int,
        *,
        where: str,
        features: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> RetrievalExample:
        """Return the example of one row; without an id, its id is the index of the row."""
        source, target = (self.text(row, column, where=where) for column in self.columns)
        return RetrievalExample(str(row.get("id", index)), source, target)


def line_by_line(path: Path, source: Path) -> Iterator[Row]:
    """Yield the pairs of two files in which line i is a pair; `path` is the file of translations.

    Raises:
        DataError: the files differ in length.
    """
    sides = list(lines(path)), list(lines(source))
    for target, english in zip_longest(*sides):
        if target is None or english is None:
            lengths = f"{len(sides[0])} lines, but {len(sides[1])} in English"
            raise DataError(f"{path}: {lengths}; expected line i of both to be a pair")
        yield target[0], {"source": english[1], "target": target[1]}
