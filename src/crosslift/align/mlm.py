"""Masked language modelling: words predicted from their own sentence, translations kept apart.

On bitext the two sides are unrelated sentences, which makes it the control for `tlm`: same text, no pairing.
Paper: Devlin et al. 2019, arXiv 1810.04805.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from pydantic import Field

from crosslift.align._masking import MaskedBatch, mask, masked_loss
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.train.method import Method, Terms


class Mlm(Method):
    """Masked language modelling on single sentences.

    Needs a masked-language-model head.  Equals `tlm` on pairs whose second side is empty.
    """

    reads: ClassVar[Literal["text", "bitext", "task"]] = "text"
    paper: ClassVar[str] = "Devlin et al. 2019, arXiv 1810.04805"

    mask_probability: float = Field(0.15, gt=0, le=1, description="share of tokens that are predicted")
    all_mask: bool = Field(False, description="hide every chosen token behind [MASK] instead of 80/10/10")

    def collate(self, model: Encoder, items: Sequence[Tokens], generator: torch.Generator) -> MaskedBatch:
        """Mask the sentences."""
        inputs = model.collate(items)
        return MaskedBatch(mask(inputs, model, self.mask_probability, all_mask=self.all_mask, generator=generator))

    def units(self, batch: MaskedBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return the number of hidden tokens."""
        return int(batch.positions.sum())

    def loss(self, model: Encoder, batch: MaskedBatch) -> Terms:  # type: ignore[override]
        """Return the mean cross-entropy of the hidden tokens."""
        return {"mlm": masked_loss(model, batch)}
