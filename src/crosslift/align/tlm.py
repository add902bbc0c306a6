"""Translation language modelling: masked tokens are predicted from their sentence and its translation.

A pair is one sequence, masked on both sides.  Positions continue over both sides and languages are not embedded, as in
multilingual BERT; XLM checkpoints get their language ids.  The order of the two sides is random.
Paper: Conneau & Lample 2019, arXiv 1901.07291, section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch

from crosslift.align.bases.masked import HiddenBatch, HiddenTokens, masked_loss
from crosslift.align.bases.span_corruption import SpanDecoder
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair
from crosslift.train.method import Terms


class Tlm(HiddenTokens):
    """Masked language modelling over concatenated translations.

    Needs a masked-language-model head; text-to-text encoders use span corruption instead.
    """

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "bitext"
    paper: ClassVar[str] = "Conneau & Lample 2019, arXiv 1901.07291"

    def collate(self, model: Encoder, items: Sequence[TokenPair], generator: torch.Generator) -> HiddenBatch:
        """Join each pair in random order and mask both sides."""
        swapped = torch.rand(len(items), generator=generator) < 0.5
        joined = [
            model.join(pair.target, pair.source) if swap else model.join(pair.source, pair.target)
            for pair, swap in zip(items, swapped.tolist(), strict=True)
        ]
        return self.hide(model, joined, generator)

    def loss(  # type: ignore[override]
        self, model: Encoder, batch: HiddenBatch, auxiliary: SpanDecoder | None = None
    ) -> Terms:
        """Return the mean cross-entropy of the masked tokens, a scalar."""
        return {"tlm": masked_loss(model, batch, auxiliary)}
