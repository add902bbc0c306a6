"""Natural language inference in English in ten genres: MultiNLI, the training data of XNLI.

The test sets are hidden.  Here `dev` is the matched development set and `test` the mismatched one, whose genres differ
from those of training: report it as such.  Paper: williams-etal-2018-broad.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData
from crosslift.tasks.bases.stanford_nli import StanfordNli


class Mnli(StanfordNli):
    """MultiNLI."""

    hub = HubData(
        "nyu-mll/multi_nli",
        config=None,
        splits={"train": "train", "dev": "validation_matched", "test": "validation_mismatched"},
    )
    files: ClassVar = {
        "train": ("multinli_1.0/multinli_1.0_train.jsonl",),
        "dev": ("multinli_1.0/multinli_1.0_dev_matched.jsonl",),
        "test": ("multinli_1.0/multinli_1.0_dev_mismatched.jsonl",),
    }
    facts: ClassVar = {"train": {"en": 392_702}, "dev": {"en": 9_815}, "test": {"en": 9_832}}
    citation = (
        "Williams, Nangia and Bowman (2018): A Broad-Coverage Challenge Corpus for Sentence Understanding through "
        "Inference. NAACL."
    )
    licence = "OANC and others, free to use"
