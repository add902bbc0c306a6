"""Sentence contrast: a translation must be closer than every other sentence of the batch.

Sentence vectors are pooled states, of the last layer or of several: Chen et al. add the first and the last, which
reaches the words and not only what the last layer makes of them.  The batch's other translations are the negatives, so
the batch size is part of the meaning and the loop never splits it.
Paper: van den Oord et al. 2018, arXiv 1807.03748 (InfoNCE); in this setting Chen et al. 2022, arXiv 2202.13083
(info-snt).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from crosslift.losses import info_nce
from crosslift.train.batch import Batch
from crosslift.train.method import Method, Terms
from crosslift.train.pairs import TokenPair


@dataclass(frozen=True)
class PairBatch(Batch):
    """The two sides of sentence pairs; row i of one is the translation of row i of the other."""

    source: Inputs
    target: Inputs


class SentenceContrastive(Method):
    """InfoNCE on pooled sentence vectors."""

    reads: ClassVar[Literal["text", "bitext", "task"]] = "bitext"
    splittable: ClassVar[bool] = False
    paper: ClassVar[str] = "Chen et al. 2022, arXiv 2202.13083"

    temperature: float = Field(0.07, gt=0, description="divides the cosines; small is sharp")
    pooling: Literal["mean", "mean_words", "first"] = Field("mean", description="states to sentence vector")
    layers: tuple[int, ...] = Field(
        (-1,), min_length=1, description="hidden states that are added up: 0 embeddings, 1 first layer, -1 last"
    )
    symmetric: bool = Field(True, description="average both directions; else source anchors only")
    same_language_negatives: bool = Field(False, description="also push the anchor's own language apart")

    def collate(self, model: Encoder, items: Sequence[TokenPair], generator: torch.Generator) -> PairBatch:
        """Pad both sides; nothing is drawn at random."""
        del generator
        return PairBatch(model.collate([pair.source for pair in items]), model.collate([pair.target for pair in items]))

    def loss(self, model: Encoder, batch: PairBatch) -> Terms:  # type: ignore[override]  # a method knows its batch
        """Return InfoNCE over the batch."""
        source, target = (self._vectors(model, inputs) for inputs in (batch.source, batch.target))
        loss = info_nce(
            source,
            target,
            temperature=self.temperature,
            symmetric=self.symmetric,
            same_language_negatives=self.same_language_negatives,
        )
        return {"sentence_contrastive": loss}

    def _vectors(self, model: Encoder, inputs: Inputs) -> Tensor:
        """Return (batch, hidden) sentence vectors."""
        if self.layers == (-1,):
            return model.pool(model.encode(inputs), inputs, self.pooling)
        states = model.hidden_states(inputs)
        return model.pool(torch.stack([states[layer] for layer in self.layers]).sum(dim=0), inputs, self.pooling)
