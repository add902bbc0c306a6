"""Paraphrases in 7 languages: pairs of sentences with high word overlap that mean the same or do not.

Trained on English PAWS.  A few sentences of dev and test, "NS" in the files, were never translated (8 to 68 pairs per
language in dev); they are scored, as in the benchmark.  Paper: yang-etal-2019-paws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import PairExample
from crosslift.api.task import HubData, Task, codes
from crosslift.io.text import Row, tsv

_LANGUAGES = codes("de en es fr ja ko zh")
_NAMES = {"0": "different", "1": "paraphrase"}
"""Numbers of the labels in the benchmark."""


class Pawsx(Task):
    """PAWS-X."""

    task_type = "pair"
    labels = tuple(_NAMES.values())
    languages = _LANGUAGES
    metrics = ("accuracy",)
    lab_task = "paraphrase"
    hub = HubData("google-research-datasets/paws-x")
    files: ClassVar = {
        "train": ("pawsx/train-{language}.tsv",),
        "dev": ("pawsx/dev-{language}.tsv",),
        "test": ("pawsx/test-{language}.tsv",),
    }
    columns = ("sentence1", "sentence2", "label")
    answers = ("label",)
    facts: ClassVar = {
        "train": {"en": 49_401},
        "dev": dict.fromkeys(_LANGUAGES, 2_000),
        "test": dict.fromkeys(_LANGUAGES, 2_000),
    }
    citation = (
        "Yang, Zhang, Tar and Baldridge (2019): PAWS-X: A Cross-lingual Adversarial Dataset for Paraphrase "
        "Identification. EMNLP."
    )
    licence = "free to use for any purpose, with acknowledgement of Google"

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield rows of `sentence1<TAB>sentence2<TAB>label`; XTREME's own test files lack the label."""
        return tsv(path, self.columns, optional=1)

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> PairExample:
        """Return the example of one row; labels may be numbers, as in the benchmark, or names."""
        value, feature = row.get("label"), (features or {}).get("label")
        number = feature.int2str(value) if isinstance(value, int) and value != -1 and feature is not None else value
        label = self.label(_NAMES.get(str(number), number), where=where)
        first, second = (self.text(row, column, where=where) for column in self.needed)
        return PairExample(str(index), first, second, label)
