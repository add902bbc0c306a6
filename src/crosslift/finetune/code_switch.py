"""Code-switching: training sentences change language in the middle, word by word, anew each time.

A view: alone it takes the sentences' place, as its authors have it; beside a method that compares views
(`consistency`, `label_contrastive`) the sentences stay too.
Paper: Qin et al. 2020, arXiv 2006.06402.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field, PrivateAttr

from crosslift.data.lexicon import lexicon_files, open_lexicon
from crosslift.encoder.heads import TaskModel
from crosslift.encoder.inputs import Tokens
from crosslift.finetune._views import WordView
from crosslift.train.features import TaskItem
from crosslift.views.code_switching import CodeSwitcher


class CodeSwitch(WordView):
    """Words are replaced by translations of a lexicon; at `sentence_ratio` or `word_ratio` 0 it is plain fine-tuning.

    The paper's ratios: 1.0 and 0.4 for topics, 1.0 and 0.6 for sentiment.
    """

    paper: ClassVar[str] = "Qin et al. 2020, arXiv 2006.06402"

    lexicon: str = Field("lab", description='a file or folder, or "lab" ("lab:1": of world seed 1)')
    languages: tuple[str, ...] | None = Field(None, description="to switch to; none: all of the lexicon")
    sentence_ratio: float = Field(1.0, ge=0, le=1, description="share of sentences in which words are switched")
    word_ratio: float = Field(0.4, ge=0, le=1, description="share of words that are switched, if there is a word")

    _switcher: CodeSwitcher | None = PrivateAttr(None)

    def files(self) -> tuple[str, ...]:
        """Return the files of the lexicon."""
        return lexicon_files(self.lexicon)

    def view(self, model: TaskModel, item: TaskItem, generator: torch.Generator) -> Tokens:
        """Return the tokens with some words in other languages."""
        switcher = self._switcher_of(model)
        return switcher.switch(item.tokens, generator, sentence_ratio=self.sentence_ratio, word_ratio=self.word_ratio)

    def _switcher_of(self, model: TaskModel) -> CodeSwitcher:
        """Return the switcher of a model, made once: it remembers the words' pieces."""
        if self._switcher is None or self._switcher.encoder is not model.encoder:
            self._switcher = CodeSwitcher(open_lexicon(self.lexicon, self.languages), model.encoder)
        return self._switcher
