"""Sentence contrast: a translation must be closer than every other sentence of the batch.

Sentence vectors are pooled states, of the last layer or of several: Chen et al. add the first and the last, which
reaches the words and not only what the last layer makes of them.  The batch's other translations are the negatives, so
the batch size is part of the meaning and the loop never splits it; `chunk_size` bounds the memory of a large one.

Chen et al.'s info-snt is ``layers = [1, -1]`` with `same_language_negatives`, `projection` and ``mlm_weight = 0.1``;
their CZ-snt is that with ``loss = "cz_nce"``.  Where paper and released code differ, the default is the paper:
``symmetric = false`` scores source anchors only, and ``mask_contrastive_inputs = true`` lets the contrast read the text
in which the masked-language-modelling term hides words, both as released.
Paper: van den Oord et al. 2018, arXiv 1807.03748 (InfoNCE); in this setting Chen et al. 2022, arXiv 2202.13083
(info-snt and CZ-snt).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from crosslift.align.bases.contrastive import PairBatch, PairContrastive, Side, candidates, summed_layers
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, TokenPair
from crosslift.encoder.masking import mask
from crosslift.errors import CheckpointError
from crosslift.losses import cz_nce, info_nce
from crosslift.train.method import Terms


class SentenceContrastive(PairContrastive):
    """InfoNCE or CZ-NCE on pooled sentence vectors."""

    paper: ClassVar[str] = "Chen et al. 2022, arXiv 2202.13083"
    term: ClassVar[str] = "sentence_contrastive"
    """What the log calls the contrast."""

    contrastive_loss: Literal["info_nce", "cz_nce"] = Field(
        "info_nce", alias="loss", description="cz_nce leaves the positive out of the denominator"
    )
    temperature: float = Field(0.07, gt=0, description="divides the cosines; small is sharp")
    layers: tuple[int, ...] = Field(
        (-1,), min_length=1, description="hidden states that are added up: 0 embeddings, 1 first layer, -1 last"
    )
    projection: bool = Field(False, description="two layers on the vectors, trained along and dropped after the stage")
    symmetric: bool = Field(True, description="average both directions; else source anchors only")
    same_language_negatives: bool = Field(False, description="also push the anchor's own language apart")
    mlm_weight: float = Field(0.0, ge=0, description="weight of a masked-language-modelling term on both sides")
    mask_probability: float = Field(0.15, gt=0, le=1, description="share of tokens that this term predicts")
    mask_contrastive_inputs: bool = Field(
        False, description="the contrast reads the hidden words too, as its authors' code does, in one pass for both"
    )

    def auxiliary_module(self, model: Encoder) -> nn.Module | None:
        """Return the projection, if there is one."""
        return Projection(model.hidden_size) if self.projection else None

    def collate(self, model: Encoder, items: Sequence[TokenPair], generator: torch.Generator) -> PairBatch:
        """Pad both sides, and mask them where the term or the setting asks for it.

        Raises:
            CheckpointError: the term needs a masked-LM head, which the encoder lacks.
        """
        if self.mlm_weight and not model.has_masked_language_model:
            raise CheckpointError(
                f"{model.name} has no masked-LM head, which the masked-language-modelling term needs; "
                "set `mlm_weight = 0`, or use a checkpoint with such a head"
            )
        batch = super().collate(model, items, generator)
        if not (self.mlm_weight or self.mask_contrastive_inputs):
            return batch
        source, target = (
            mask(side, model, self.mask_probability, all_mask=False, generator=generator)
            for side in (batch.source, batch.target)
        )
        if self.mask_contrastive_inputs:
            return replace(batch, source=source, target=target)
        return replace(batch, masked_source=source, masked_target=target)

    def states(self, model: Encoder, side: Side) -> tuple[Tensor, Tensor]:
        """Return the layers added up, and the last one."""
        return summed_layers(model, side.inputs, self.layers)

    def vectors(self, model: Encoder, side: Side, states: Tensor, auxiliary: Any) -> Tensor:
        """Return the pooled states, projected if there is a projection."""
        return self.project(super().vectors(model, side, states, auxiliary), auxiliary)

    def project(self, vectors: Tensor, auxiliary: Any) -> Tensor:
        """Return the vectors projected, if there is a projection."""
        return auxiliary(vectors) if self.projection else vectors

    def beside(self, model: Encoder, side: Side, last: Tensor) -> Terms:
        """Return the masked-language-modelling loss, half of it for each side."""
        inputs = side.hidden_words
        if not self.mlm_weight or inputs.targets is None:
            return {}
        states = last if side.masked is None else model.encode(side.masked)
        positions = inputs.targets != IGNORED
        logits = model.masked_logits(states, positions)  # (hidden tokens, vocabulary)
        total = functional.cross_entropy(logits.float(), inputs.targets[positions], reduction="sum")
        return {"mlm": self.mlm_weight / 2 * total / max(1, len(logits))}

    def contrast(self, model: Encoder, vectors: Sequence[Tensor], batch: PairBatch, auxiliary: Any) -> Terms:
        """Return the contrastive loss over the batches of all processes."""
        del model, auxiliary
        source, target = vectors
        loss = {"info_nce": info_nce, "cz_nce": cz_nce}[self.contrastive_loss](
            source,
            target,
            temperature=self.temperature,
            symmetric=self.symmetric,
            same_language_negatives=self.same_language_negatives,
            **candidates(source, target, batch.identity),
        )
        return {self.term: loss}


class Projection(nn.Sequential):
    """Two layers of the same width with a ReLU between them, drawn as BERT draws its own (Chen et al. 2022)."""

    def __init__(self, width: int) -> None:
        super().__init__(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        for name, parameter in self.named_parameters():
            nn.init.zeros_(parameter) if name.endswith("bias") else nn.init.normal_(parameter, std=0.02)
