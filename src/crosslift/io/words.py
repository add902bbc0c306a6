"""Readers of files with one word per line: CoNLL columns, or `word<TAB>tag`, and a blank line after each sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crosslift.errors import DataError
from crosslift.io.text import Row, lines


def word_rows(path: Path, *, conll: bool = False) -> Iterator[Row]:
    """Yield one row per sentence of a file with one word per line and a blank line after each sentence.

    Args:
        path: the file, plain or with .gz.
        conll: True for columns separated by blanks or tabs, of which the first is the word and the last the tag
            (`-DOCSTART-` lines are skipped); False for lines `word<TAB>tag`.

    Raises:
        DataError: a line has too many fields, or another number than the first line of its sentence.
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
    """Return word and tag, only the word, or nothing; `str.split` would split words at a no-break space."""
    text = line.strip(" \t")
    if not text or text.startswith("-DOCSTART-"):
        return []
    fields = re.split("[ \t]+", text)
    return [fields[0], fields[-1]] if len(fields) > 1 else fields


def _sentence(block: Sequence[Sequence[str]], path: Path, first: int) -> dict[str, Any]:
    """Return the row of a sentence whose first line is number `first`."""
    width = len(block[0])
    for number, fields in enumerate(block, start=first):
        if len(fields) != width or width > 2 or not fields[0]:
            raise DataError(
                f"{path}, line {number}: {len(fields)} fields where word and tag are expected, "
                "or only the word on every line"
            )
    columns = list(zip(*block, strict=True))
    return {"words": columns[0], "tags": columns[1] if width == 2 else None}
