"""Base of SNLI and MultiNLI: JSON Lines in which some pairs have no gold label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crosslift.io.text import Row, jsonl
from crosslift.tasks.bases.nli import NliTask

_NAMES = {"premise": "sentence1", "hypothesis": "sentence2", "label": "gold_label"}


class StanfordNli(NliTask):
    """Base of SNLI and MultiNLI."""

    languages = ("en",)

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the objects of a JSON Lines file, with the hub's names of the columns."""
        for number, row in jsonl(path):
            yield number, {column: row[name] for column, name in _NAMES.items() if name in row}

    def is_example(self, row: Mapping[str, Any]) -> bool:
        """Return whether the annotators agreed on a label, which is "-" in files and -1 on the hub if they did not."""
        return row.get("label") not in ("-", -1)
