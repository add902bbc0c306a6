"""Code-switching: words of the training sentences are replaced by translations, drawn anew at each step.

A view: it replaces the sentences, as in the paper, unless a method of the recipe compares views (`consistency`,
`label_contrastive`).
Paper: Qin et al. 2020, arXiv 2006.06402.
"""

from __future__ import annotations

from typing import ClassVar

import torch

from crosslift.augment.code_switching import CodeSwitchSettings
from crosslift.encoder.inputs import Tokens
from crosslift.finetune.bases.word_view import WordView
from crosslift.heads.task_model import TaskModel
from crosslift.train.task_items import TaskItem


class CodeSwitch(CodeSwitchSettings, WordView):
    """Words replaced by translations of a lexicon.  Equal to plain fine-tuning at `sentence_ratio` or `word_ratio` 0.

    The paper's ratios: 1.0 and 0.4 for topics, 1.0 and 0.6 for sentiment.
    """

    paper: ClassVar[str] = "Qin et al. 2020, arXiv 2006.06402"

    def view(self, model: TaskModel, item: TaskItem, generator: torch.Generator) -> Tokens:
        """Return the tokens with some words in other languages."""
        return self.switched(model.encoder, item.tokens, generator)
