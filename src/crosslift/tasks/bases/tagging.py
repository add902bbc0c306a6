"""Base of tagging tasks: files with one word per line, and rows with lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import TaggingExample
from crosslift.api.task import Task
from crosslift.errors import DataError
from crosslift.io.text import Row
from crosslift.io.words import word_rows


class TaggingTask(Task):
    """Base of tagging tasks; a row has `words` and `tags`, as lists or as texts to split at spaces."""

    task_type = "tagging"
    columns = ("words", "tags")
    answers = ("tags",)
    conll: ClassVar[bool] = False
    """Whether the benchmark's files have the layout of CoNLL instead of XTREME's."""

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield one row per sentence: lines of `word<TAB>tag` (or `word` in XTREME's test files), or CoNLL's."""
        return word_rows(path, conll=self.conll)

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> TaggingExample:
        """Return the example of one row; words and tags are lists, or texts to split at spaces."""
        words = self._listed(row, "words", where=where)
        if row.get("tags") is None:
            return TaggingExample(str(index), words)
        tags = self._listed(row, "tags", where=where)
        if len(tags) != len(words):
            raise DataError(f"{where}: {len(words)} words but {len(tags)} tags; expected one tag per word")
        feature = getattr(features["tags"], "feature", None) if features else None
        return TaggingExample(str(index), words, self._tags(tags, where=where, feature=feature))

    @staticmethod
    def _listed(row: Mapping[str, Any], column: str, *, where: str) -> tuple[Any, ...]:
        value = row[column].split() if isinstance(row[column], str) else row[column]
        if not isinstance(value, list | tuple):
            raise DataError(
                f"{where}: column '{column}' contains a value of type {type(value).__name__}; expected a list"
            )
        return tuple(value)

    def _tags(self, tags: Sequence[Any], *, where: str, feature: Any) -> tuple[str, ...]:
        names = [
            self.label(tag, where=f"{where}, word {place}", feature=feature) for place, tag in enumerate(tags, start=1)
        ]
        known = tuple(name for name in names if name is not None)
        if len(known) != len(tags):
            raise DataError(f"{where}: a word without a tag among tagged words; expected one tag per word")
        return known
