"""Causal reasoning in English: choose which of two statements is the cause, or the effect, of another.

In the format of COPA with far more examples, for training before COPA.  Its test set is hidden.  Paper: du-etal-2022-e.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData
from crosslift.tasks.bases.multiple_choice import MultipleChoiceTask


class Ecare(MultipleChoiceTask):
    """e-CARE."""

    languages = ("en",)
    lab_task = "causal"
    hub = HubData(
        "12ml/e-CARE",
        config=None,
        splits={"train": "train", "dev": "validation"},
        columns={"ask-for": "question", "hypothesis1": "choice1", "hypothesis2": "choice2"},
    )
    files: ClassVar = {"train": ("ecare/train.jsonl",), "dev": ("ecare/dev.jsonl",)}
    columns = ("premise", "ask-for", "hypothesis1", "hypothesis2", "label")
    questions = ("cause", "effect")
    facts: ClassVar = {"train": {"en": 14_928}, "dev": {"en": 2_132}}
    citation = (
        "Du, Ding, Xiong, Liu and Qin (2022): e-CARE: a New Dataset for Exploring Explainable Causal Reasoning. ACL."
    )
    licence = "MIT"
