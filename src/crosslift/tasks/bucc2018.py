"""Bitext mining in four languages with English: find the translations in two large pools of sentences.

XTREME uses the sample data of the shared task as dev and its training data as test.  Its download script deletes the
gold pairs of the latter, so keep or copy `{language}-en.training.gold`.  Pairs above the threshold that is best on dev
are scored.  The copies on the hub hold only the gold pairs, without the pools.
Papers: zweigenbaum-etal-2018-overview, hu-etal-2020-xtreme.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import MiningExample, Split
from crosslift.api.task import Task, codes
from crosslift.errors import DataError, nearest
from crosslift.io.text import Row, existing, find, lines

_ORIGINAL: Mapping[Split, str] = {"dev": "sample", "test": "training"}
"""Names of the splits in the shared task."""
Rows = tuple[tuple[str, str], ...]


class Bucc2018(Task):
    """BUCC 2018, with XTREME's splits.  Each language has one example, a pair of pools."""

    task_type = "mining"
    languages = codes("de fr ru zh")
    metrics = ("mining_f1", "mining_precision", "mining_recall")
    lab_task = "mining"
    files: ClassVar = {
        split: (
            f"bucc2018/{{language}}-en.{split}.{{language}}",
            f"bucc2018/{{language}}-en.{name}.{{language}}",
            f"bucc2018/{{language}}-en/{{language}}-en.{name}.{{language}}",
        )
        for split, name in _ORIGINAL.items()
    }
    columns = ("source", "target", "gold")
    answers = ("gold",)
    citation = (
        "Zweigenbaum, Sharoff and Rapp (2018): Overview of the Third BUCC Shared Task: Spotting Parallel Sentences "
        "in Comparable Corpora. BUCC."
    )
    licence = "research use; see the shared task's page"

    def parts(self, path: Path) -> tuple[Path, ...]:
        """Return the pool of the language, the English pool, and the gold pairs if the file exists."""
        stem = path.name.removesuffix(".gz").rpartition(".")[0]
        gold = self._gold(path)
        return (path, existing(path.with_name(f"{stem}.en")), *([gold] if gold else []))

    def _gold(self, path: Path) -> Path | None:
        """Return the file of gold pairs, named as in XTREME or in the shared task, if it exists."""
        stem = path.name.removesuffix(".gz").rpartition(".")[0]
        pair, _, split = stem.partition(".")
        return find(path.with_name(f"{stem}.gold")) or find(
            path.with_name(f"{pair}.{_ORIGINAL.get(split, split)}.gold")  # type: ignore[call-overload]
        )

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the only row: English pool, pool of the language, and gold pairs (English id, other id) if known.

        Raises:
            DataError: a line without an id and a sentence, or a gold pair with an id that is in no pool.
        """
        there, english, *gold = self.parts(path)
        row: dict[str, Any] = {"source": _pool(english), "target": _pool(there)}
        if gold:
            row["gold"] = _pairs(gold[0], row["source"], row["target"])
        yield 1, row

    def from_row(
        self,
        row: Mapping[str, Any],
        index: int,
        *,
        where: str,
        features: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> MiningExample:
        """Return the example of one row, whose columns hold lists of pairs."""
        source, target = (_as_pairs(row[column], where=where, column=column) for column in self.needed)
        gold = row.get("gold")
        known = None if gold is None else _as_pairs(gold, where=where, column="gold")
        return MiningExample(str(index), source, target, known)


def _pool(path: Path) -> Rows:
    return tuple((fields[0].strip(), fields[1]) for _, fields in _fields(path, "an id, a tab and a sentence"))


def _pairs(path: Path, source: Rows, target: Rows) -> Rows:
    pools = dict(target), dict(source)
    for number, fields in _fields(path, "two ids with a tab between"):
        for identifier, pool in zip(fields, pools, strict=False):
            if identifier not in pool:
                hint = nearest(identifier, list(pool)[:1000])
                raise DataError(f"{path}, line {number}: no sentence has the id '{identifier}'{hint}")
    return tuple((fields[1], fields[0]) for _, fields in _fields(path, ""))


def _fields(path: Path, expected: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines(path):
        fields = line.split("\t")
        if len(fields) < 2:
            raise DataError(f"{path}, line {number}: found '{line[:40]}'; expected {expected}")
        yield number, fields


def _as_pairs(value: Any, *, where: str, column: str) -> Rows:
    if isinstance(value, str) or not isinstance(value, Sequence) or any(len(pair) != 2 for pair in value):
        found = type(value).__name__
        raise DataError(
            f"{where}: column '{column}' contains a value of type {found}; expected a list of pairs of texts"
        )
    return tuple((str(first), str(second)) for first, second in value)
