"""Sentence contrast: a translation must be closer than every other sentence of the batch.

Sentence vectors are pooled states, of the last layer or summed over several: Chen et al. sum the first and the last.
The other translations of the batch are the negatives, so the batch size is part of the objective and a batch is never
split; `chunk_size` bounds the memory of a large one.

Chen et al.'s info-snt is ``layers = [1, -1]`` with `same_language_negatives`, `projection` and ``mlm_weight = 0.1``;
their CZ-snt is the same with ``loss = "cz_nce"``.  Where paper and released code differ, the default is the paper;
``symmetric = false`` uses source anchors only, and ``mask_contrastive_inputs = true`` contrasts the inputs that are
masked for the masked-language-modelling term, both as released.
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
    """The name of the contrastive term in the log."""

    contrastive_loss: Literal["info_nce", "cz_nce"] = Field(
        "info_nce", alias="loss", description="cz_nce omits the positive from the denominator"
    )
    temperature: float = Field(0.07, gt=0, description="divides the cosines; smaller is sharper")
    layers: tuple[int, ...] = Field(
        (-1,), min_length=1, description="hidden states to sum: 0 embeddings, 1 first layer, -1 last"
    )
    projection: bool = Field(False, description="project the vectors by two layers, which are dropped after the stage")
    symmetric: bool = Field(True, description="average both directions; else use source anchors only")
    same_language_negatives: bool = Field(False, description="sentences in the anchor's own language are negatives too")
    mlm_weight: float = Field(0.0, ge=0, description="weight of a masked-language-modelling term on both sides")
    mask_probability: float = Field(0.15, gt=0, le=1, description="share of tokens that this term predicts")
    mask_contrastive_inputs: bool = Field(
        False, description="contrast the masked inputs, as the authors' code does, in one pass for both terms"
    )

    def auxiliary_module(self, model: Encoder) -> nn.Module | None:
        """Return the projection, if there is one."""
        return Projection(model.hidden_size) if self.projection else None

    def collate(self, model: Encoder, items: Sequence[TokenPair], generator: torch.Generator) -> PairBatch:
        """Pad both sides, and mask them if a setting asks for it.

        Raises:
            CheckpointError: the masked-LM term is on, and the encoder has no masked-LM head.
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
        """Return the sum of the layers and the states of the last one, both (batch, length, hidden)."""
        return summed_layers(model, side.inputs, self.layers)

    def vectors(self, model: Encoder, side: Side, states: Tensor, auxiliary: Any) -> Tensor:
        """Return the pooled and projected states, (batch, hidden)."""
        return self.project(super().vectors(model, side, states, auxiliary), auxiliary)

    def project(self, vectors: Tensor, auxiliary: Any) -> Tensor:
        """Return vectors (batch, hidden) after the projection, if there is one, in the same shape."""
        return auxiliary(vectors) if self.projection else vectors

    def other_terms(self, model: Encoder, side: Side, last: Tensor) -> Terms:
        """Return half of the masked-language-modelling loss, a scalar, given last states (batch, length, hidden)."""
        inputs = side.masked_inputs
        if not self.mlm_weight or inputs.targets is None:
            return {}
        states = last if side.masked is None else model.encode(side.masked)
        positions = inputs.targets != IGNORED
        logits = model.masked_logits(states, positions)  # (masked tokens, vocabulary)
        total = functional.cross_entropy(logits.float(), inputs.targets[positions], reduction="sum")
        return {"mlm": self.mlm_weight / 2 * total / max(1, len(logits))}

    def contrast(self, model: Encoder, vectors: Sequence[Tensor], batch: PairBatch, auxiliary: Any) -> Terms:
        """Return the contrastive loss, a scalar, given vectors (batch, hidden) of both sides.

        The sentences of all processes are negatives.
        """
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
    """Two layers of the same width with a ReLU between them, initialised as in BERT (Chen et al. 2022)."""

    def __init__(self, width: int) -> None:
        super().__init__(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        for name, parameter in self.named_parameters():
            nn.init.zeros_(parameter) if name.endswith("bias") else nn.init.normal_(parameter, std=0.02)
