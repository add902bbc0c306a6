"""Natural language inference in 15 languages: entailment, neutral or contradiction between two sentences.

Trained on English MultiNLI; dev and test are the same sentences in every language, in the same order.
Paper: conneau-etal-2018-xnli.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from crosslift.data.text import Row, tsv
from crosslift.tasks._task import HubData, PairExample, Task

_LANGUAGES = ("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")


class Xnli(Task):
    """XNLI."""

    kind = "pair"
    labels = ("entailment", "neutral", "contradiction")
    languages = _LANGUAGES
    metrics = ("accuracy",)
    parallel = True
    lab_task = "nli"
    hub = HubData("facebook/xnli")
    files: ClassVar = {
        "train": ("xnli/train-{language}.tsv",),
        "dev": ("xnli/dev-{language}.tsv",),
        "test": ("xnli/test-{language}.tsv",),
    }
    columns = ("premise", "hypothesis", "label")
    answers = ("label",)
    facts: ClassVar = {
        "train": {"en": 392_702},
        "dev": dict.fromkeys(_LANGUAGES, 2_490),
        "test": dict.fromkeys(_LANGUAGES, 5_010),
    }
    citation = (
        "Conneau, Rinott, Lample, Williams, Bowman, Schwenk and Stoyanov (2018): "
        "XNLI: Evaluating Cross-lingual Sentence Representations. EMNLP."
    )
    licence = "CC BY-NC 4.0; training data (MultiNLI): OANC and others, free to use"

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield rows of `premise<TAB>hypothesis<TAB>label`; XTREME's own test files lack the label."""
        return tsv(path, self.columns, optional=1)

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> PairExample:
        """Return the example of one row; rows of one number are translations of each other."""
        feature = (features or {}).get("label")
        label = self.label(row.get("label"), where=where, feature=feature)
        premise, hypothesis = (self.text(row, column, where=where) for column in self.needed)
        return PairExample(str(index), premise, hypothesis, label)
