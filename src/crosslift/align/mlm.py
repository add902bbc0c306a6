"""Masked language modelling: masked tokens are predicted from their own sentence.

On bitext both sides are single sentences, which makes it the control for `tlm`: same text, no pairing.
Paper: Devlin et al. 2019, arXiv 1810.04805.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch

from crosslift.align.bases.masked import HiddenBatch, HiddenTokens, masked_loss
from crosslift.align.bases.span_corruption import SpanDecoder
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.train.method import Terms


class Mlm(HiddenTokens):
    """Masked language modelling on single sentences.

    Needs a masked-language-model head; text-to-text encoders use span corruption instead.  Equal to `tlm` on pairs
    with an empty second side.
    """

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "text"
    paper: ClassVar[str] = "Devlin et al. 2019, arXiv 1810.04805"

    def collate(self, model: Encoder, items: Sequence[Tokens], generator: torch.Generator) -> HiddenBatch:
        """Mask the sentences."""
        return self.hide(model, items, generator)

    def loss(  # type: ignore[override]
        self, model: Encoder, batch: HiddenBatch, auxiliary: SpanDecoder | None = None
    ) -> Terms:
        """Return the mean cross-entropy of the masked tokens, a scalar."""
        return {"mlm": masked_loss(model, batch, auxiliary)}
