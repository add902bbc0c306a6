"""COPA in 11 languages: choose which of two sentences is the cause, or the effect, of another.

Trained on English COPA and selected on its dev set; English itself is not scored.  The correct choice of an example is
the same in every language.  Files are found where XTREME-R's download script puts them (`xcopa/val-sw.jsonl`) and as in
the authors' repository (`xcopa/sw/val.sw.jsonl`, with `copa/train.en.jsonl` next to `xcopa`).  The hub has no English:
train on `copa`.

The released dev files ask for the effect where English asks for the cause in 5 or 6 examples of id, it and sw, and in
all 52 of th and tr, which therefore have no causes at all; they are scored as released.

Paper: ponti-etal-2020-xcopa; set-up: ruder-etal-2021-xtreme.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData, codes
from crosslift.tasks.bases.multiple_choice import MultipleChoiceTask

_LANGUAGES = codes("et ht id it qu sw ta th tr vi zh")


class Xcopa(MultipleChoiceTask):
    """XCOPA."""

    languages = _LANGUAGES
    parallel = True
    lab_task = "causal"
    hub = HubData("cambridgeltl/xcopa", splits={"dev": "validation", "test": "test"})
    files: ClassVar = {
        "train": ("xcopa/train-{language}.jsonl", "copa/train.{language}.jsonl"),
        "dev": ("xcopa/val-{language}.jsonl", "xcopa/{language}/val.{language}.jsonl", "copa/val.{language}.jsonl"),
        "test": ("xcopa/test-{language}.jsonl", "xcopa/{language}/test.{language}.jsonl"),
    }
    columns = ("premise", "question", "choice1", "choice2", "label")
    questions = ("cause", "effect")
    facts: ClassVar = {
        "train": {"en": 400},
        "dev": {"en": 100} | dict.fromkeys(_LANGUAGES, 100),
        "test": dict.fromkeys(_LANGUAGES, 500),
    }
    citation = (
        "Ponti, Glavaš, Majewska, Liu, Vulić and Korhonen (2020): XCOPA: A Multilingual Dataset for Causal Commonsense "
        "Reasoning. EMNLP."
    )
    licence = "CC BY 4.0"
