"""Question answering in English: find the words of a Wikipedia paragraph that answer a question.

XTREME's training data for XQuAD and MLQA: a model fine-tuned on it can be scored on `xquad`, `mlqa` and `tydiqa`.  Its
test set is hidden.  XQuAD's paragraphs are 240 of those of the dev set.  Paper: rajpurkar-etal-2016-squad.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData
from crosslift.tasks.bases.extractive_qa import ExtractiveQATask


class Squad(ExtractiveQATask):
    """SQuAD, version 1.1."""

    languages = ("en",)
    hub = HubData("rajpurkar/squad", config="plain_text", splits={"train": "train", "dev": "validation"})
    files: ClassVar = {"train": ("squad/train-v1.1.json",), "dev": ("squad/dev-v1.1.json",)}
    facts: ClassVar = {"train": {"en": 87_599}, "dev": {"en": 10_570}}
    citation = (
        "Rajpurkar, Zhang, Lopyrev and Liang (2016): SQuAD: 100,000+ Questions for Machine Comprehension of Text. "
        "EMNLP."
    )
    licence = "CC BY-SA 4.0"
