"""Question answering in 12 languages: 1,190 questions on 240 paragraphs of SQuAD, translated by professionals.

Trained on English SQuAD; the questions are the same in every language.  XTREME scores 11 languages, XTREME-R also
Romanian; their averages use the mean of F1 and exact match.  The English test set is part of SQuAD's dev set, on which
`source-dev` selects; XTREME uses the last weights (`selection = "last"`).  From the hub, train on `squad`.  Papers:
artetxe-etal-2020-cross (the test set), hu-etal-2020-xtreme.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData, codes
from crosslift.tasks.bases.extractive_qa import ExtractiveQATask

_XTREME = codes("ar de el en es hi ru th tr vi zh")
_LANGUAGES = (*_XTREME, "ro")


class Xquad(ExtractiveQATask):
    """XQuAD."""

    languages = _LANGUAGES
    groups: ClassVar = {"xtreme": _XTREME, "xtreme-r": _LANGUAGES}
    parallel = True
    hub = HubData("google/xquad", config="xquad.{language}", splits={"test": "validation"})
    files: ClassVar = {
        "train": ("squad/train-v1.1.json",),
        "dev": ("squad/dev-v1.1.json",),
        "test": ("xquad/xquad.{language}.json",),
    }
    facts: ClassVar = {
        "train": {"en": 87_599},
        "dev": {"en": 10_570},
        "test": dict.fromkeys(_LANGUAGES, 1_190),
    }
    citation = (
        "Artetxe, Ruder and Yogatama (2020): On the Cross-lingual Transferability of Monolingual Representations. ACL."
    )
    licence = "CC BY-SA 4.0"
