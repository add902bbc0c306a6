"""Translation language modelling: words predicted from their sentence and its translation.

A pair is one sequence, and words on both sides are hidden.  Positions run on over both sides and no language is
embedded, as with multilingual BERT; XLM checkpoints get their language ids.  Either side comes first at random.
Paper: Conneau & Lample 2019, arXiv 1901.07291, section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from pydantic import Field

from crosslift.align._masking import MaskedBatch, mask, masked_loss
from crosslift.encoder.encoder import Encoder
from crosslift.train.method import Method, Terms
from crosslift.train.pairs import TokenPair


class Tlm(Method):
    """Masked language modelling over concatenated translations.

    Needs a masked-language-model head.
    """

    reads: ClassVar[Literal["text", "bitext", "task"]] = "bitext"
    paper: ClassVar[str] = "Conneau & Lample 2019, arXiv 1901.07291"

    mask_probability: float = Field(0.15, gt=0, le=1, description="share of tokens that are predicted")
    all_mask: bool = Field(False, description="hide every chosen token behind [MASK] instead of 80/10/10")

    def collate(self, model: Encoder, items: Sequence[TokenPair], generator: torch.Generator) -> MaskedBatch:
        """Join each pair in random order and mask both sides."""
        swapped = torch.rand(len(items), generator=generator) < 0.5
        joined = [
            model.join(pair.target, pair.source) if swap else model.join(pair.source, pair.target)
            for pair, swap in zip(items, swapped.tolist(), strict=True)
        ]
        inputs = model.collate(joined)
        return MaskedBatch(mask(inputs, model, self.mask_probability, all_mask=self.all_mask, generator=generator))

    def units(self, batch: MaskedBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return the number of hidden tokens."""
        return int(batch.positions.sum())

    def loss(self, model: Encoder, batch: MaskedBatch) -> Terms:  # type: ignore[override]
        """Return the mean cross-entropy of the hidden tokens."""
        return {"tlm": masked_loss(model, batch)}
