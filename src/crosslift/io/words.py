"""Files with a word a line: CoNLL's columns, or `word<TAB>tag`, with a blank line after each sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crosslift.errors import DataError
from crosslift.io.text import Row, lines


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
