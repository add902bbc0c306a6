"""Natural language inference in Indonesian, written by Indonesian annotators: entailment, neutral or contradiction.

The test set is that of lay annotators; experts wrote a harder one, `test_expert.jsonl`, which can be named in
`[data.files]`.  A model fine-tuned on `xnli` or `mnli` can be scored on it.  Paper: mahendra-etal-2021-indonli.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from crosslift.api.task import HubData
from crosslift.io.text import Row, jsonl
from crosslift.tasks.bases.nli import NliTask


class Indonli(NliTask):
    """IndoNLI."""

    source = "id"
    languages = ("id",)
    hub = HubData("afaji/indonli", config=None, splits={"train": "train", "dev": "validation", "test": "test_lay"})
    files: ClassVar = {
        "train": ("indonli/train.jsonl",),
        "dev": ("indonli/val.jsonl",),
        "test": ("indonli/test_lay.jsonl",),
    }
    facts: ClassVar = {"train": {"id": 10_330}, "dev": {"id": 2_197}, "test": {"id": 2_201}}
    citation = (
        "Mahendra, Aji, Louvan, Rahman and Vania (2021): IndoNLI: A Natural Language Inference Dataset for "
        "Indonesian. EMNLP."
    )
    licence = "CC BY-SA 4.0"

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the objects of a JSON Lines file."""
        return jsonl(path)
