"""Choice of plausible alternatives in English: choose which of two sentences is the cause, or the effect, of another.

As in SuperGLUE: 400 examples for training and 100 for selection, whose translations are the dev sets of XCOPA.  A model
fine-tuned on it can be scored on `xcopa`.  Paper: Roemmele et al. 2011.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData
from crosslift.tasks.bases.multiple_choice import MultipleChoiceTask


class Copa(MultipleChoiceTask):
    """COPA."""

    languages = ("en",)
    lab_task = "causal"
    hub = HubData("aps/super_glue", config="copa")
    files: ClassVar = {
        "train": ("copa/train.{language}.jsonl",),
        "dev": ("copa/val.{language}.jsonl",),
        "test": ("copa/test.{language}.jsonl",),
    }
    columns = ("premise", "question", "choice1", "choice2", "label")
    questions = ("cause", "effect")
    facts: ClassVar = {"train": {"en": 400}, "dev": {"en": 100}, "test": {"en": 500}}
    citation = (
        "Roemmele, Bejan and Gordon (2011): Choice of Plausible Alternatives: An Evaluation of Commonsense Causal "
        "Reasoning. AAAI Spring Symposium."
    )
    licence = "BSD 2-Clause"
