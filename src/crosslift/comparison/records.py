"""Counts of each metric, read from predictions; every run must have the same items."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.api.metric import Metric
from crosslift.errors import DataError
from crosslift.runs.read import read_text

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Counts:
    """The counts of one metric in one language.

    Args:
        ids: ids of the items, or numbers of the groups that a metric scores as one, such as queries.
        metric: turns sums of counts into scores.
        counts: shape (runs, items, parts).
    """

    ids: tuple[str, ...]
    metric: Metric
    counts: NDArray[np.float32]


def read_counts(
    paths: Sequence[Path], makers: Mapping[str, Callable[[Sequence[str]], Metric]], *, mined: bool = False
) -> dict[str, Counts]:
    """Read one language of one task in every run and return the counts of each metric.

    Args:
        paths: one predictions file per run.
        makers: functions that make each metric from the labels that occur.
        mined: whether answers are partners of sentences; sentences without a partner in any run are left out.

    Raises:
        DataError: a file is damaged, or two have different items or gold answers.
    """
    reference = _read(paths[0], mined)
    ids = _ids(reference, paths[0])
    others = (_in_order(_read(path, mined), ids, reference, (path, paths[0]), mined) for path in paths[1:])
    ordered = [reference, *others]
    if mined:
        places = [place for place, row in enumerate(zip(*ordered, strict=True)) if any(map(_has_partner, row))]
        ids, ordered = tuple(ids[place] for place in places), [[one[place] for place in places] for one in ordered]
    labels = sorted(set().union(*map(_labels, ordered)))
    found = {}
    for name, make in makers.items():
        metric = make(labels)
        tables = [_table(metric, records, path) for records, path in zip(ordered, paths, strict=True)]
        units = len(tables[0])  # some metrics score the records of a query together
        own = ids if units == len(ids) else tuple(map(str, range(units)))
        found[name] = Counts(own, metric, np.stack(tables))
    return found


def _labels(records: Sequence[Record]) -> set[str]:
    """Return the labels that occur, if answers are labels."""
    answers = [record[side] for side in ("prediction", "gold") for record in records]
    return set(answers) if set(map(type, answers)) == {str} else set()


def _has_partner(record: Record) -> bool:
    return record["prediction"] is not None or record["gold"] is not None


def _read(path: Path, mined: bool) -> list[Record]:
    if not path.is_file():
        raise DataError(f"{path}: no such file, though results.json has its score; was it moved?")
    # Not splitlines(): texts may hold other line breaks, which JSON leaves as they are.
    lines = [line for line in read_text(path).split("\n") if line.strip()]
    if not lines:
        raise DataError(f"{path}: no predictions in it")
    try:
        records = json.loads(f"[{','.join(lines)}]")
    except json.JSONDecodeError:
        records = None
    if records is None or len(records) != len(lines) or not _are_records(records, mined):
        _blame(lines, path)
    return records  # type: ignore[no-any-return]


def _are_records(values: Sequence[Any], mined: bool) -> bool:
    """Return whether all values are records, in one pass: there may be a million."""
    try:
        complete = [(value["id"], value["prediction"], value["gold"]) for value in values]
    except (KeyError, TypeError, IndexError):
        return False
    return mined or all(gold is not None for _, _, gold in complete)


def _blame(lines: Sequence[str], path: Path) -> None:
    """Raise the error of the first line that is not a record."""
    for number, line in enumerate(lines, start=1):
        where = f"{path}, line {number}"
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"{where}: incomplete JSON: {error.msg}; the file was cut off or edited") from error
        if not isinstance(value, dict) or not {"id", "prediction"} <= value.keys():
            raise DataError(f'{where}: expected a record {{"id", "prediction", "gold", ...}}, found {line[:80]}')
        if value.get("gold") is None:
            raise DataError(f"{where}: no gold answer, so nothing can be scored; was the test set unlabelled?")
    raise DataError(f"{path}: lines are not one JSON record each")


def _ids(records: Sequence[Record], path: Path) -> tuple[str, ...]:
    ids = tuple(str(record["id"]) for record in records)
    if len(set(ids)) != len(ids):
        twice = next(one for place, one in enumerate(ids) if one in ids[:place])
        raise DataError(f"{path}: id '{twice}' occurs twice; expected each id once, since items are paired by id")
    return ids


def _in_order(
    records: list[Record], ids: tuple[str, ...], reference: Sequence[Record], paths: tuple[Path, Path], mined: bool
) -> list[Record]:
    """Return records in the order of `ids`; items and gold answers must be those of the reference."""
    path, first = paths
    own = _ids(records, path)
    if own != ids:
        _same_items(own, ids, path, first)
        place = {one: index for index, one in enumerate(own)}
        records = [records[place[one]] for one in ids]
    golds = [[record["gold"] for record in one] for one in (records, reference)]
    if mined:  # of several gold partners, the one that was found comes first
        golds = [sorted(map(str, one)) for one in golds]
    if golds[0] != golds[1]:
        one, here, there = next(row for row in zip(ids, *golds, strict=True) if row[1] != row[2])
        raise DataError(
            f"{path}: item '{one}' has the gold answer {here!r}, but in {first} it is {there!r}; were the runs "
            "scored on different splits or versions of the data?"
        )
    return records


def _same_items(own: tuple[str, ...], ids: tuple[str, ...], path: Path, first: Path) -> None:
    here, there = set(own), set(ids)
    missing, extra = [one for one in ids if one not in here], [one for one in own if one not in there]
    if missing or extra:
        lacking = f"; {len(missing)} are missing, the first with id '{missing[0]}'" if missing else ""
        added = f"; {len(extra)} are extra, the first with id '{extra[0]}'" if extra else ""
        raise DataError(
            f"{path}: {len(own)} items, but {first} has {len(ids)}{lacking}{added}; were the runs scored on "
            "different splits, or with a limit?"
        )


def _table(metric: Metric, records: Sequence[Record], path: Path) -> NDArray[np.float32]:
    try:
        return metric.table(records).astype(np.float32)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        for number, unit in enumerate(metric.units(records), start=1):
            _statistics(metric, unit, path, number)
        raise


def _statistics(metric: Metric, record: Record, path: Path, number: int) -> None:
    try:
        metric.statistics(record)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise DataError(
            f"{path}: {metric.name} cannot score item '{record.get('id', number)}': {error}; found the "
            f"prediction {str(record['prediction'])[:60]!r} and the gold answer {str(record['gold'])[:60]!r}"
        ) from error
