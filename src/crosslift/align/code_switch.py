"""Code-switching: masked language modelling on sentences in which some words are replaced by translations.

Words of the lexicon's language are replaced by translations, drawn anew at each step; then tokens are masked and
predicted as in `mlm`.  A word and its translations occur in the same contexts, which aligns them without parallel text.
Sentences in other languages are not changed.
Paper: Qin et al. 2020, arXiv 2006.06402.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch

from crosslift.align.bases.masked import HiddenBatch, HiddenTokens, masked_loss
from crosslift.align.bases.span_corruption import SpanDecoder
from crosslift.augment.code_switching import CodeSwitchSettings
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.train.method import Terms


class CodeSwitch(CodeSwitchSettings, HiddenTokens):
    """Masked language modelling on code-switched sentences.

    Equal to `mlm` at `sentence_ratio` or `word_ratio` 0.  Needs a masked-language-model head; text-to-text encoders use
    span corruption instead.  The paper switches the sentences of the task while fine-tuning, with word ratios 0.4 for
    topics and 0.6 for sentiment.
    """

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "text"
    requires: ClassVar[frozenset[str]] = frozenset({"words"})
    paper: ClassVar[str] = "Qin et al. 2020, arXiv 2006.06402"

    def collate(self, model: Encoder, items: Sequence[Tokens], generator: torch.Generator) -> HiddenBatch:
        """Switch words, then mask tokens."""
        switched = [self.switched(model, tokens, generator) for tokens in items]
        return self.hide(model, switched, generator)

    def loss(  # type: ignore[override]
        self, model: Encoder, batch: HiddenBatch, auxiliary: SpanDecoder | None = None
    ) -> Terms:
        """Return the mean cross-entropy of the masked tokens, a scalar."""
        return {"code_switch": masked_loss(model, batch, auxiliary)}
