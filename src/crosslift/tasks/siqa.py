"""Social commonsense in English: choose which of three answers to a question about a situation is correct.

Used for training before COPA, as XTREME-R does for XCOPA.  Its test set is hidden.  Paper: sap-etal-2019-social.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData
from crosslift.tasks.bases.multiple_choice import MultipleChoiceTask


class Siqa(MultipleChoiceTask):
    """Social IQa."""

    languages = ("en",)
    hub = HubData("allenai/social_i_qa", config=None, splits={"train": "train", "dev": "validation"})
    files: ClassVar = {"train": ("siqa/train.jsonl",), "dev": ("siqa/dev.jsonl",)}
    columns = ("context", "question", "answerA", "answerB", "answerC", "label")
    first_label = 1
    facts: ClassVar = {"train": {"en": 33_410}, "dev": {"en": 1_954}}
    citation = (
        "Sap, Rashkin, Chen, Le Bras and Choi (2019): Social IQa: Commonsense Reasoning about Social "
        "Interactions. EMNLP."
    )
    licence = "CC BY 4.0"
