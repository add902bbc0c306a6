"""Natural language inference in Persian, from exam questions: entailment, neutral or contradiction.

A model fine-tuned on `xnli` or `mnli` can be scored on it.  Files are found by short names and by the authors' names.
Paper: amirkhani-etal-2023-farstail.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from crosslift.api.task import HubData
from crosslift.io.text import Row, csv
from crosslift.tasks.bases.nli import NliTask


class Farstail(NliTask):
    """FarsTail."""

    source = "fa"
    languages = ("fa",)
    hub = HubData("PNLPhub/FarsTail", config=None)
    files: ClassVar = {
        "train": ("farstail/train.tsv", "farstail/Train-word.csv"),
        "dev": ("farstail/val.tsv", "farstail/Val-word.csv"),
        "test": ("farstail/test.tsv", "farstail/Test-word.csv"),
    }
    facts: ClassVar = {"train": {"fa": 7_266}, "dev": {"fa": 1_537}, "test": {"fa": 1_564}}
    citation = (
        "Amirkhani, AzariJafari, Faridan-Jahromi, Kouhkan, Pourjafari and Amirak (2023): FarsTail: A Persian Natural "
        "Language Inference Dataset. Soft Computing."
    )
    licence = "Apache-2.0"

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield rows of tab-separated fields, which are quoted if they contain a tab."""
        return csv(path, delimiter="\t")
