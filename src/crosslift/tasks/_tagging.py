"""What tasks with a tag a word share: files with a word a line, and rows with lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from crosslift.data.text import Row, lines
from crosslift.errors import DataError
from crosslift.tasks._task import TaggingExample, Task


class TaggingTask(Task):
    """Base of tagging tasks; a row holds `words` and `tags`, as lists or as text with blanks between them."""

    kind = "tagging"
    columns = ("words", "tags")
    answers = ("tags",)
    conll: ClassVar[bool] = False
    """Whether the benchmark's files are laid out as those of CoNLL; they are as XTREME's otherwise."""

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield a row a sentence: lines of `word<TAB>tag` or, in XTREME's test files, `word`; or CoNLL's."""
        return word_rows(path, conll=self.conll)

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> TaggingExample:
        """Return the example of one row: words and tags as lists, or as text with blanks between them."""
        words = self._listed(row, "words", where=where)
        if row.get("tags") is None:
            return TaggingExample(str(index), words)
        tags = self._listed(row, "tags", where=where)
        if len(tags) != len(words):
            raise DataError(f"{where}: {len(words)} words but {len(tags)} tags; one tag a word is expected")
        feature = getattr(features["tags"], "feature", None) if features else None
        return TaggingExample(str(index), words, self._tags(tags, where=where, feature=feature))

    @staticmethod
    def _listed(row: Mapping[str, Any], column: str, *, where: str) -> tuple[Any, ...]:
        value = row[column].split() if isinstance(row[column], str) else row[column]
        if not isinstance(value, list | tuple):
            raise DataError(f"{where}: column '{column}' holds a {type(value).__name__}; a list is expected")
        return tuple(value)

    def _tags(self, tags: Sequence[Any], *, where: str, feature: Any) -> tuple[str, ...]:
        names = [
            self.label(tag, where=f"{where}, word {place}", feature=feature) for place, tag in enumerate(tags, start=1)
        ]
        known = tuple(name for name in names if name is not None)
        if len(known) != len(tags):
            raise DataError(f"{where}: a word without a tag among tagged ones")
        return known


def word_rows(path: Path, *, conll: bool = False) -> Iterator[Row]:
    """Yield a row a sentence of a file with a word a line and a blank line after each sentence.

    Args:
        path: the file, plain or with .gz.
        conll: columns are separated by blanks or tabs, the word is the first and the tag the last, and lines of
            `-DOCSTART-` are no words; otherwise a line is `word<TAB>tag`, and nothing else separates.

    Raises:
        DataError: a line with too many fields, or with another number than the first of its sentence.
    """
    first, block = 0, list[list[str]]()
    for number, line in lines(path):
        fields = _conll_fields(line) if conll else line.split("\t") if line else []
        if fields:
            first = first if block else number
            block.append(fields)
        elif block:
            yield first, _sentence(block, path, first)
            block = []
    if block:
        yield first, _sentence(block, path, first)


def _conll_fields(line: str) -> list[str]:
    """Return word and tag, the bare word, or nothing.  A word may hold a no-break space, so `str.split` will not do."""
    text = line.strip(" \t")
    if not text or text.startswith("-DOCSTART-"):
        return []
    fields = re.split("[ \t]+", text)
    return [fields[0], fields[-1]] if len(fields) > 1 else fields


def _sentence(block: Sequence[Sequence[str]], path: Path, first: int) -> dict[str, Any]:
    """Return the row of a sentence whose lines start at `first`."""
    width = len(block[0])
    for number, fields in enumerate(block, start=first):
        if len(fields) != width or width > 2 or not fields[0]:
            raise DataError(
                f"{path}, line {number}: {len(fields)} fields where word and tag are expected, "
                "or the bare word throughout"
            )
    columns = list(zip(*block, strict=True))
    return {"words": columns[0], "tags": columns[1] if width == 2 else None}
