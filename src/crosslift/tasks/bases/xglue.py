"""Base of XGLUE's own sentence tasks: paths and layout of their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import Split
from crosslift.api.task import HubData, Task
from crosslift.errors import DataError
from crosslift.io.text import Row, lines

HUB = "microsoft/xglue"
SPLITS: Mapping[Split, str] = {"train": "train", "dev": "validation.{language}", "test": "test.{language}"}
"""The hub has one configuration per task and one split per language."""


def files(name: str) -> dict[Split, tuple[str, ...]]:
    """Return the paths of a task's files, in the folder of the release or in `xglue`.

    >>> files("qam")["dev"]
    ('xglue_full_dataset/QAM/xglue.qam.{language}.dev', 'xglue/QAM/xglue.qam.{language}.dev')
    """
    splits: tuple[Split, ...] = ("train", "dev", "test")
    return {
        split: tuple(
            f"{folder}/{name.upper()}/xglue.{name}.{{language}}.{split}" for folder in ("xglue_full_dataset", "xglue")
        )
        for split in splits
    }


class XglueTask(Task):
    """Base of XGLUE's own tasks; the last column is the label, which may be a number."""

    numbered: ClassVar[bool] = False
    """Whether files contain the index of a label instead of its name."""
    citation = (
        "Liang, Duan, Gong and others (2020): XGLUE: A New Benchmark Dataset for Cross-lingual Pre-training, "
        "Understanding and Generation. EMNLP."
    )
    licence = "non-commercial research, under Microsoft's terms for XGLUE"

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield rows of tab-separated fields, in the order of `columns`; files of hidden test sets lack the label."""
        for number, line in lines(path):
            fields = line.split("\t")
            if not len(self.needed) <= len(fields) <= len(self.columns):
                expected = f"{len(self.columns)} fields ({', '.join(self.columns)})"
                raise DataError(f"{path}, line {number}: {len(fields)} fields; expected {expected}")
            yield number, dict(zip(self.columns, fields, strict=False))

    def gold(self, row: Mapping[str, Any], features: Mapping[str, Any] | None, *, where: str) -> str | None:
        """Return the label in the last column, or None.

        Raises:
            DataError: the task has no such label.
        """
        column = self.columns[-1]
        value = row.get(column)
        names = {str(number): label for number, label in enumerate(self.labels)} if self.numbered else {}
        if isinstance(value, str):
            value = names.get(value, value)
        return self.label(value, where=where, feature=(features or {}).get(column))


def hub(name: str, columns: Mapping[str, str] | None = None) -> HubData:
    """Return the location of a task on the hub."""
    return HubData(HUB, config=name, splits=SPLITS, columns=columns or {})
