"""Readers of parallel text: tab-separated, `source ||| target`, two files, TMX.  Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from crosslift.data.tmx import tmx_pairs
from crosslift.errors import DataError, LanguageError, nearest
from crosslift.io.text import existing, find, lines, suffix, unquote

Links = tuple[tuple[int, int], ...]
"""Word links of a pair: (source word, target word), from 0."""

_BARS = " ||| "
_COLUMNS = {2: (0, 1), 4: (2, 3)}
"""The fields of source and target, by the number of fields: two, or four (corpus, id, source, target)."""


class Pair(NamedTuple):
    """A sentence, its translation, and the links between their words if they are known."""

    source: str
    target: str
    links: Links | None = None


def read_pairs(
    path: Path,
    target: Path | None = None,
    *,
    languages: tuple[str, str],
    columns: tuple[int, int] | None = None,
) -> Iterator[Pair]:
    """Yield the pairs of one file, or of two that are parallel line by line.

    Args:
        path: a tsv file, a file of `source ||| target`, a TMX file, or the source side.
        target: the target side, if it is a separate file.
        languages: the codes of source and target; only TMX needs them.
        columns: the fields of source and target in a tsv file, from 0; None: 0 and 1 of two, 2 and 3 of four.

    Raises:
        DataError: a line is malformed; the message names file and line.
    """
    if target is not None:
        return _two_files(path, target)
    if suffix(path) == ".tmx":
        return (Pair(*texts) for texts in tmx_pairs(existing(path), languages))
    _, first = next(lines(path))
    return _barred(path) if _BARS in first and "\t" not in first else _tabbed(path, columns)


def bitext_files(folder: Path, languages: tuple[str, str]) -> tuple[Path, Path | None]:
    """Return the file of a language pair in a folder, or the two files, plain or with .gz.

    The names are tried in this order: `xx.tsv` (xx is the target), `en-xx.tsv`, `en-xx.tmx`, and the two files
    `en-xx.en` and `en-xx.xx`.

    Raises:
        LanguageError: there is none; the message names the nearest file.
    """
    source, target = languages
    pair = f"{source}-{target}"
    for name in (f"{target}.tsv", f"{pair}.tsv", f"{pair}.tmx"):
        if found := find(folder / name):
            return found, None
    if (left := find(folder / f"{pair}.{source}")) and (right := find(folder / f"{pair}.{target}")):
        return left, right
    there = sorted(path.name for path in folder.iterdir())
    hint = nearest(f"{target}.tsv", there)
    raise LanguageError(f"{folder}: no bitext of {pair} (such as {target}.tsv or {pair}.tsv){hint}")


def _two_files(path: Path, target: Path) -> Iterator[Pair]:
    for number, (left, right) in enumerate(zip_longest(lines(path), lines(target)), start=1):
        if left is None or right is None:
            shorter = path if left is None else target
            raise DataError(f"{shorter}: ends before line {number}; {path} and {target} must be parallel")
        yield Pair(left[1], right[1])


def _barred(path: Path) -> Iterator[Pair]:
    for number, line in lines(path):
        fields = line.split(_BARS)
        if len(fields) != 2:
            raise DataError(f"{path}, line {number}: {len(fields)} fields where `source ||| target` is expected")
        yield Pair(fields[0], fields[1])


def _tabbed(path: Path, columns: tuple[int, int] | None) -> Iterator[Pair]:
    for number, line in lines(path):
        fields = line.split("\t")
        columns = columns or _COLUMNS.get(len(fields))
        if columns is None:
            raise DataError(
                f"{path}, line {number}: {len(fields)} fields; two (source, target) or four (corpus, id, source, "
                "target) are expected, unless `columns` says which hold source and target"
            )
        if len(fields) <= max(columns):
            raise DataError(f"{path}, line {number}: {len(fields)} fields where {max(columns) + 1} are expected")
        yield Pair(unquote(fields[columns[0]]), unquote(fields[columns[1]]))


def with_links(pairs: Iterable[Pair], path: Path) -> Iterator[Pair]:
    """Yield pairs with the links of a Pharaoh file, one line per pair, such as `0-0 1-2`.

    Raises:
        DataError: a link is not `i-j`, or the numbers of lines and pairs differ.
    """
    for pair, entry in zip_longest(pairs, lines(path)):
        if pair is None or entry is None:
            raise DataError(
                f"{path}: the file has more or fewer lines than there are pairs; one line per pair is expected"
            )
        number, line = entry
        yield Pair(pair.source, pair.target, parse_links(line, where=f"{path}, line {number}"))


def parse_links(line: str, *, where: str) -> Links:
    """Return the links of a Pharaoh line.

    Raises:
        DataError: a link is not `i-j`.

    >>> parse_links("0-0 1-2", where="here")
    ((0, 0), (1, 2))
    """
    try:
        links = tuple(tuple(map(int, link.split("-"))) for link in line.split())
        return tuple((source, target) for source, target in links)
    except ValueError as error:
        raise DataError(f"{where}: '{line}' is not a list of links; `i-j i-j ...` is expected, from 0") from error
