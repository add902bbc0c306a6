"""Intent and slots of requests in 11 domains and six languages, as flat frames.

Files are `mtop/{language}/{train,eval,test}.txt` as in the archive: eight tab-separated columns without a header.  The
intent is the outermost one, and slots are those of the slot column, so anything nested inside a slot is part of its
value (the paper's "flat" representation).  Slots and words are given by offsets of the same kind.
Paper: li-etal-2021-mtop.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import IntentSlotExample, Split
from crosslift.api.task import codes, counts
from crosslift.errors import DataError
from crosslift.io.text import Row, lines
from crosslift.tasks.bases.intent_slot import IntentSlotTask, iob2

_FIELDS = ("id", "intent", "slots", "utterance", "domain", "locale", "decoupled", "tokens")
_NAMES: Mapping[Split, str] = {"train": "train", "dev": "eval", "test": "test"}


class Mtop(IntentSlotTask):
    """MTOP."""

    languages = codes("en de es fr hi th")
    files: ClassVar = {split: (f"mtop/{{language}}/{name}.txt",) for split, name in _NAMES.items()}
    columns = ("id", "tokens", "slots", "intent")
    answers = ("slots", "intent")
    facts: ClassVar = {
        "train": counts("en 15667 de 13424 es 10934 fr 11814 hi 11330 th 10759"),
        "dev": counts("en 2235 de 1815 es 1527 fr 1577 hi 2012 th 1671"),
        "test": counts("en 4386 de 3549 es 2998 fr 3193 hi 2789 th 2765"),
    }
    citation = (
        "Li, Arora, Chen, Gupta, Gupta and Mehdad (2021): MTOP: A Comprehensive Multilingual Task-Oriented Semantic "
        "Parsing Benchmark. EACL."
    )
    licence = "CC BY-SA 4.0"

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the rows of a file of eight columns."""
        for number, line in lines(path):
            fields = line.split("\t")
            if len(fields) != len(_FIELDS):
                expected = f"{len(_FIELDS)} fields ({', '.join(_FIELDS)})"
                raise DataError(f"{path}, line {number}: {len(fields)} fields; expected {expected}")
            yield number, dict(zip(_FIELDS, fields, strict=True))

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> IntentSlotExample:
        """Return the example of one row; the prefixes IN: and SL: are removed."""
        words, starts = _tokens(self.text(row, "tokens", where=where), where)
        tags = None if row.get("slots") is None else _tags(self.text(row, "slots", where=where), starts, where)
        intent = None if row.get("intent") is None else self.text(row, "intent", where=where).removeprefix("IN:")
        made = {"id": row["id"], "words": words, "tags": tags, "intent": intent}
        return super().from_row(made, index, where=where, features=features)


def _tokens(text: str, where: str) -> tuple[list[str], list[int]]:
    """Return the words and their first characters."""
    try:
        read = json.loads(text.replace('"""', '"\\""'))  # the release does not escape a single quotation mark
        return list(read["tokens"]), [int(span["start"]) for span in read["tokenSpans"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f'{where}: found \'{text}\'; expected {{"tokens": [...], "tokenSpans": [...]}}') from error


def _tags(text: str, starts: Sequence[int], where: str) -> list[str]:
    """Return the tags of words with these first characters; a word belongs to the slot in which it starts."""
    spans = []
    for slot in filter(None, text.split(",")):
        first, _, rest = slot.partition(":")
        last, _, name = rest.partition(":")
        if not (first.isdigit() and last.isdigit() and name):
            raise DataError(f"{where}: '{slot}' is not a slot; expected start:end:SL:NAME")
        inside = [place for place, start in enumerate(starts) if int(first) <= start < int(last)]
        if inside:
            spans.append((inside[0], inside[-1] + 1, name.removeprefix("SL:")))
    return iob2(spans, len(starts))
