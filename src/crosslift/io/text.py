"""Readers of text files: plain or gzip, UTF-8, with lines that end at the newline character only.

Benchmarks contain U+001C, U+0085 and U+2028 inside sentences; `str.splitlines` would end lines there and shift every
later row.  Imports no torch.
"""

from __future__ import annotations

import csv as csv_module
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from crosslift.errors import DataError, nearest

Row = tuple[int, dict[str, Any]]
"""A line number, from 1, and the values by column name."""

_READ_ERRORS = (OSError, EOFError, zlib.error)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = "\ufeff"


def find(path: Path | str) -> Path | None:
    """Return the existing path, plain or with `.gz`, or None; `path` may be either."""
    path = Path(path)
    other = path.with_suffix("") if path.suffix == ".gz" else path.with_name(f"{path.name}.gz")
    return next((candidate for candidate in (path, other) if candidate.is_file()), None)


def existing(path: Path | str) -> Path:
    """Return the existing path, plain or with `.gz`.

    Raises:
        DataError: no such file; the message names the nearest file in its folder.
    """
    found = find(path)
    if found is None:
        path = Path(path)
        there = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
        raise DataError(f"{path}: no such file, plain or with .gz{nearest(path.name, there)}")
    return found


def lines(path: Path | str) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, text without its line end) of a text file.

    Raises:
        DataError: the file is missing, empty, not UTF-8, damaged, or contains NUL bytes.
    """
    path = existing(path)
    number = 0
    try:
        with open_bytes(path) as file:
            for number, raw in enumerate(file, start=1):
                yield number, _decode(raw, path, number)
    except _READ_ERRORS as error:
        raise DataError(f"{path}: cannot be read after line {number}: {error}") from error
    if number == 0:
        raise DataError(f"{path}: the file is empty")


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading its bytes, decompressed."""
    return cast("BinaryIO", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _decode(raw: bytes, path: Path, number: int) -> str:
    if number == 1 and raw.startswith(_UTF16_MARKS):
        raise DataError(f"{path}, line 1: the file is UTF-16; convert it to UTF-8")
    try:
        line = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = raw[error.start]
        place = f"{path}, line {number}, byte {error.start + 1}"
        raise DataError(f"{place}: not UTF-8 (found 0x{byte:02x}); convert the file to UTF-8") from error
    if "\0" in line:
        raise DataError(f"{path}, line {number}: a NUL byte; the file is damaged or not text")
    line = line.removeprefix(_UTF8_MARK) if number == 1 else line
    return line.removesuffix("\n").removesuffix("\r")


def sha256(path: Path | str) -> str:
    """Return the hexadecimal SHA-256 of a file as stored, that is, compressed if it is."""
    with existing(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tsv(path: Path | str, columns: Sequence[str] | None = None, *, optional: int = 0) -> Iterator[Row]:
    """Yield the rows of a tab-separated file.

    Fields that a csv writer has quoted, as in the files of SIB-200 and XTREME, are unquoted (see `unquote`).

    Args:
        path: the file, plain or with .gz.
        columns: names of the fields if the file has no header; None: the first line is the header.
        optional: how many of the last columns may be missing.

    Raises:
        DataError: a line with another number of fields, and the errors of `lines`.
    """
    for number, line in lines(path):
        fields = [unquote(field) for field in line.split("\t")]
        if columns is None:
            columns = fields
        else:
            _check_width(path, number, fields, columns, optional=optional)
            yield number, dict(zip(columns, fields, strict=False))


def unquote(field: str) -> str:
    """Undo a csv writer's quoting; a field whose quotation marks are part of the text does not change.

    A csv writer quotes a field only if it contains a quotation mark, and doubles that mark.  So between the outer marks
    of a quoted field there are others, and all of them are doubled.

    >>> unquote('"He said ""no""."')
    'He said "no".'
    >>> unquote('"No."')
    '"No."'
    """
    inner = field[1:-1]
    if len(field) < 4 or field[0] != '"' or field[-1] != '"' or '"' not in inner:
        return field
    return field if '"' in inner.replace('""', "") else inner.replace('""', '"')


def csv(path: Path | str, columns: Sequence[str] | None = None, *, delimiter: str = ",") -> Iterator[Row]:
    """Yield the rows of a comma-separated file; a quoted field may contain commas and line ends.

    Args:
        path: the file, plain or with .gz.
        columns: names of the fields if the file has no header; None: the first line is the header.
        delimiter: the separator of fields.

    Raises:
        DataError: a line with another number of fields or an open quotation, and the errors of `lines`.
    """
    reader = csv_module.reader((f"{line}\n" for _, line in lines(path)), strict=True, delimiter=delimiter)
    try:
        for fields in filter(None, reader):
            if columns is None:
                columns = fields
            else:
                _check_width(path, reader.line_num, fields, columns)
                yield reader.line_num, dict(zip(columns, fields, strict=True))
    except csv_module.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: not well-formed csv: {error}") from error


def _check_width(
    path: Path | str, number: int, fields: Sequence[str], columns: Sequence[str], *, optional: int = 0
) -> None:
    if not len(columns) - optional <= len(fields) <= len(columns):
        expected = f"{len(columns)} fields ({', '.join(columns)})"
        raise DataError(f"{path}, line {number}: {len(fields)} fields where {expected} are expected")


def jsonl(path: Path | str) -> Iterator[Row]:
    """Yield the objects of a JSON Lines file; blank lines are skipped.

    Raises:
        DataError: a line that is not a JSON object, and the errors of `lines`.
    """
    for number, line in lines(path):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            place = f"{path}, line {number}, column {error.colno}"
            raise DataError(f"{place}: not JSON ({error.msg}); one object per line is expected") from error
        if not isinstance(value, dict):
            found = type(value).__name__
            raise DataError(f"{path}, line {number}: a JSON {found} where an object is expected")
        yield number, value


def json_document(path: Path | str) -> Any:
    """Return the value of a JSON file.

    Raises:
        DataError: it is not JSON, and the errors of `lines`.
    """
    try:
        return json.loads("\n".join(line for _, line in lines(path)))
    except json.JSONDecodeError as error:
        place = f"{path}, line {error.lineno}, column {error.colno}"
        raise DataError(f"{place}: not JSON ({error.msg})") from error


_READERS: Mapping[str, Callable[[Path | str], Iterator[Row]]] = {
    ".csv": csv,
    ".tsv": tsv,
    ".jsonl": jsonl,
    ".ndjson": jsonl,
}


def suffix(path: Path | str) -> str:
    """Return the suffix of the file format, without `.gz`.

    >>> suffix("train.jsonl.gz")
    '.jsonl'
    """
    return Path(str(path).removesuffix(".gz")).suffix.lower()


def rows(path: Path | str, need: Sequence[str] = ()) -> Iterator[Row]:
    """Yield the rows of a csv or tsv file with a header, or of a JSON Lines file, depending on the suffix.

    Args:
        path: the file, plain or with .gz.
        need: columns that every row must have.

    Raises:
        DataError: an unknown suffix, a missing column, and the errors of the readers.
    """
    reader = _READERS.get(suffix(path))
    if reader is None:
        known = ", ".join(_READERS)
        raise DataError(f"{path}: '{suffix(path)}' is not a known format (available: {known}, each also with .gz)")
    for number, row in reader(path):
        require(row, need, where=f"{path}, line {number}")
        yield number, row


def require(row: Mapping[str, Any], need: Sequence[str], *, where: str) -> None:
    """Check that a row has the needed columns.

    Raises:
        DataError: one is missing; the message names the nearest column of the row.
    """
    for column in need:
        if column not in row:
            hint = nearest(column, row)
            raise DataError(f"{where}: no column '{column}'{hint} (available: {', '.join(row)})")
