"""Dual encoder: of all right sides in the batch, a left side's own must have the most similar vector.

One encoder reads both sides; left sides look for right ones and not the other way round, and the factor of the cosines
is learned along.  `[dual_encoder]` trains it on questions and the sentences that answer them, or on mentions and
entities, for tasks that rank candidates; on translations it is one more way to align.  XTREME-R's vectors are the
checkpoint's pooler's: ``pooler = true``.
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
    """In-batch softmax from the first side to the second, with a learned scale."""

    paper: ClassVar[str] = "Ruder et al. 2021, arXiv 2104.07412"

    pooler: bool = Field(False, description="vectors are the checkpoint's pooler's, which is trained too; no `pooling`")
    scale: float = Field(100.0, gt=0, description="multiplies the cosines at first; it is learned along")

    @property
    def vectors_by(self) -> str:
        """How vectors are made, the pooler's or pooled states."""
        return "pooler" if self.pooler else self.pooling

    def auxiliary_module(self, model: Encoder) -> nn.Module:
        """Return the scale, and the pooler, which stays the encoder's own.

        Raises:
            CheckpointError: the checkpoint has no pooler.
        """
        made = _Beside(self.scale)
        if self.pooler:
            if model.pooler is None:
                raise CheckpointError(
                    f"{model.name}: the checkpoint has no pooler; choose a `pooling` of states instead"
                )
            made.pooler = model.pooler
        return made

    def vectors(self, model: Encoder, side: Side, states: Tensor, auxiliary: Any) -> Tensor:
        """Return what the pooler makes of the states, or the pooled states."""
        if not self.pooler:
            return super().vectors(model, side, states, auxiliary)
        pooled: Tensor = auxiliary.pooler(states)
        return pooled

    def contrast(self, model: Encoder, vectors: Sequence[Tensor], batch: PairBatch, auxiliary: Any) -> Terms:
        """Return the loss of left sides, over the batches of all processes."""
        del model
        source, target = vectors
        compared = candidates(source, target, batch.identity)
        return {"dual_encoder": info_nce(source, target, temperature=1 / auxiliary.scale, symmetric=False, **compared)}


class _Beside(nn.Module):
    """What is trained beside the encoder."""

    pooler: nn.Module

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))
