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

from crosslift.align.bases.masked import HiddenBatch, HiddenTokens, masked_loss
from crosslift.align.bases.span_corruption import SpanDecoder
from crosslift.augment.code_switching import CodeSwitchSettings
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.train.method import Terms


class CodeSwitch(CodeSwitchSettings, HiddenTokens):
    """Masked language modelling on code-switched sentences.

    At `sentence_ratio` or `word_ratio` 0 it is `mlm`.  Needs a masked-language-model head; text-to-text encoders get
    span corruption instead.  The paper switches the task's own
    sentences while fine-tuning, with these ratios for topics (0.4) and sentiment (0.6).
    """

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "text"
    requires: ClassVar[frozenset[str]] = frozenset({"words"})
    paper: ClassVar[str] = "Qin et al. 2020, arXiv 2006.06402"

    def collate(self, model: Encoder, items: Sequence[Tokens], generator: torch.Generator) -> HiddenBatch:
        """Switch words, then hide tokens."""
        switched = [self.switched(model, tokens, generator) for tokens in items]
        return self.hide(model, switched, generator)

    def loss(  # type: ignore[override]
        self, model: Encoder, batch: HiddenBatch, auxiliary: SpanDecoder | None = None
    ) -> Terms:
        """Return the mean cross-entropy of the hidden tokens."""
        return {"code_switch": masked_loss(model, batch, auxiliary)}
