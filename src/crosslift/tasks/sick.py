"""Natural language inference on short image descriptions in English: the entailment labels of SICK.

Labels are those of the release; about a tenth of the pairs are doubtful.  The release has 9,840 pairs, 160 fewer than
the paper states.  Paper: marelli-etal-2014-sick.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData
from crosslift.tasks.bases.nli import NliTask


class Sick(NliTask):
    """SICK, entailment."""

    languages = ("en",)
    hub = HubData("RobZamp/sick", config=None, columns={"premise": "sentence_A", "hypothesis": "sentence_B"})
    files: ClassVar = {"train": ("sick/train.tsv",), "dev": ("sick/trial.tsv",), "test": ("sick/test.tsv",)}
    identifier = "pair_id"
    facts: ClassVar = {"train": {"en": 4_439}, "dev": {"en": 495}, "test": {"en": 4_906}}
    citation = (
        "Marelli, Menini, Baroni, Bentivogli, Bernardi and Zamparelli (2014): A SICK cure for the evaluation of "
        "compositional distributional semantic models. LREC."
    )
    licence = "CC BY-NC-SA 3.0"
