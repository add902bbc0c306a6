"""Natural language inference on image captions in English: the first large data set of its kind.

Pairs on whose label the annotators did not agree are left out, as usual.  Premises are repeated often, and a
hypothesis-only baseline is far above chance.  Paper: bowman-etal-2015-large.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData
from crosslift.tasks.bases.stanford_nli import StanfordNli


class Snli(StanfordNli):
    """SNLI."""

    hub = HubData("stanfordnlp/snli", config=None)
    files: ClassVar = {
        "train": ("snli_1.0/snli_1.0_train.jsonl",),
        "dev": ("snli_1.0/snli_1.0_dev.jsonl",),
        "test": ("snli_1.0/snli_1.0_test.jsonl",),
    }
    facts: ClassVar = {"train": {"en": 549_367}, "dev": {"en": 9_842}, "test": {"en": 9_824}}
    citation = (
        "Bowman, Angeli, Potts and Manning (2015): A large annotated corpus for learning natural language inference. "
        "EMNLP."
    )
    licence = "CC BY-SA 4.0"
