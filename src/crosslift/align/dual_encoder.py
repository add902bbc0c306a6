"""Dual encoder: among the targets of the batch, that of a source must have the most similar vector.

One encoder embeds both sides; only sources are anchors, and the scale of the cosines is learned.  `[dual_encoder]`
trains it on questions and the sentences that answer them, or on mentions and entities, for ranking tasks; on bitext it
is an alignment objective.  XTREME-R uses the vectors of the checkpoint's pooler: ``pooler = true``.
Paper: Ruder et al. 2021, arXiv 2104.07412 (XTREME-R, released code); the task is Roy et al. 2020, arXiv 2004.05484.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from crosslift.align.bases.contrastive import PairBatch, PairContrastive, Side, candidates
from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError
from crosslift.losses import info_nce
from crosslift.train.method import Terms


class DualEncoder(PairContrastive):
    """In-batch softmax from source to target, with a learned scale."""

    paper: ClassVar[str] = "Ruder et al. 2021, arXiv 2104.07412"

    pooler: bool = Field(False, description="use the vectors of the checkpoint's pooler, which is trained too")
    scale: float = Field(100.0, gt=0, description="initial factor of the cosines, which is learned")

    @property
    def vectors_by(self) -> str:
        """The pooling of the vectors, "pooler" or that of the states."""
        return "pooler" if self.pooler else self.pooling

    def auxiliary_module(self, model: Encoder) -> nn.Module:
        """Return the scale and the pooler; the pooler is the encoder's own.

        Raises:
            CheckpointError: the checkpoint has no pooler.
        """
        made = _Trained(self.scale)
        if self.pooler:
            if model.pooler is None:
                raise CheckpointError(
                    f"{model.name}: the checkpoint has no pooler; set `pooler = false` and choose a `pooling` of states"
                )
            made.pooler = model.pooler
        return made

    def vectors(self, model: Encoder, side: Side, states: Tensor, auxiliary: Any) -> Tensor:
        """Return the vectors of the pooler, or the pooled states, (batch, hidden)."""
        if not self.pooler:
            return super().vectors(model, side, states, auxiliary)
        pooled: Tensor = auxiliary.pooler(states)
        return pooled

    def contrast(self, model: Encoder, vectors: Sequence[Tensor], batch: PairBatch, auxiliary: Any) -> Terms:
        """Return the loss of the sources, a scalar, given vectors (batch, hidden) of both sides."""
        del model
        source, target = vectors
        compared = candidates(source, target, batch.identity)
        return {"dual_encoder": info_nce(source, target, temperature=1 / auxiliary.scale, symmetric=False, **compared)}


class _Trained(nn.Module):
    """The parameters that are trained in addition to the encoder."""

    pooler: nn.Module

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))
