"""Natural language inference in 15 languages: entailment, neutral or contradiction between two sentences.

Trained on English MultiNLI; dev and test have the same sentences in every language, in the same order.
Paper: conneau-etal-2018-xnli.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData
from crosslift.tasks.bases.nli import NliTask

_LANGUAGES = ("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")


class Xnli(NliTask):
    """XNLI."""

    languages = _LANGUAGES
    parallel = True
    hub = HubData("facebook/xnli")
    files: ClassVar = {
        "train": ("xnli/train-{language}.tsv",),
        "dev": ("xnli/dev-{language}.tsv",),
        "test": ("xnli/test-{language}.tsv",),
    }
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
