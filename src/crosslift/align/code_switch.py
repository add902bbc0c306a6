"""Code-switching: words are predicted in sentences that change language in the middle.

Words of the lexicon's language are replaced by translations, drawn anew at each step; then tokens are hidden and
predicted as in `mlm`.  A word and its translations meet the same context, which is all the alignment there is: no
parallel text is needed.  Sentences in other languages stay as they are.
Paper: Qin et al. 2020, arXiv 2006.06402.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from pydantic import Field, PrivateAttr

from crosslift.align._masking import HiddenBatch, HiddenTokens, masked_loss
from crosslift.align._span_corruption import SpanDecoder
from crosslift.data.lexicon import lexicon_files, open_lexicon
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.train.method import Terms
from crosslift.views.code_switching import CodeSwitcher


class CodeSwitch(HiddenTokens):
    """Masked language modelling on code-switched sentences.

    At `sentence_ratio` or `word_ratio` 0 it is `mlm`.  Needs a masked-language-model head; text-to-text encoders get
    span corruption instead.  The paper switches the task's own
    sentences while fine-tuning, with these ratios for topics (0.4) and sentiment (0.6).
    """

    reads: ClassVar[Literal["text", "bitext", "task"]] = "text"
    needs: ClassVar[frozenset[str]] = frozenset({"words"})
    paper: ClassVar[str] = "Qin et al. 2020, arXiv 2006.06402"

    lexicon: str = Field("lab", description='a file or folder, or "lab" ("lab:1": of world seed 1)')
    languages: tuple[str, ...] | None = Field(None, description="to switch to; none: all of the lexicon")
    sentence_ratio: float = Field(1.0, ge=0, le=1, description="share of sentences in which words are switched")
    word_ratio: float = Field(0.4, ge=0, le=1, description="share of words that are switched, if there is a word")

    _switcher: CodeSwitcher | None = PrivateAttr(None)

    def files(self) -> tuple[str, ...]:
        """Return the files of the lexicon."""
        return lexicon_files(self.lexicon)

    def collate(self, model: Encoder, items: Sequence[Tokens], generator: torch.Generator) -> HiddenBatch:
        """Switch words, then hide tokens."""
        switcher = self._switcher_of(model)
        switched = [
            switcher.switch(tokens, generator, sentence_ratio=self.sentence_ratio, word_ratio=self.word_ratio)
            for tokens in items
        ]
        return self.hide(model, switched, generator)

    def loss(  # type: ignore[override]
        self, model: Encoder, batch: HiddenBatch, extra: SpanDecoder | None = None
    ) -> Terms:
        """Return the mean cross-entropy of the hidden tokens."""
        return {"code_switch": masked_loss(model, batch, extra)}

    def _switcher_of(self, model: Encoder) -> CodeSwitcher:
        """Return the switcher of a model, made once: finding the words' pieces takes a while."""
        if self._switcher is None or self._switcher.encoder is not model:
            self._switcher = CodeSwitcher(open_lexicon(self.lexicon, self.languages), model)
        return self._switcher
