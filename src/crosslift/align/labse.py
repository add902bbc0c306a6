"""Dual encoder with an additive margin: a translation must be closer than any other sentence, by a margin.

Both sides share the encoder; a sentence vector is the state of the first token, and both directions count.  The paper's
formula has no scale, and a softmax over plain cosines learns slowly: ``scale = 1`` is the formula as printed; the
default multiplies cosine and margin by 20, as implementations do.  The paper's batches hold 4,096 pairs over all
accelerators: see `chunk_size`; several processes share their negatives.
Paper: Feng et al. 2022, arXiv 2007.01852; the margin is Yang et al. 2019, arXiv 1902.08564.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field
from torch import Tensor

from crosslift.align.bases.contrastive import PairBatch, PairContrastive, candidates
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.pooling import Pooling
from crosslift.losses import additive_margin_softmax
from crosslift.train.method import Terms


class Labse(PairContrastive):
    """Translation ranking with additive margin softmax."""

    paper: ClassVar[str] = "Feng et al. 2022, arXiv 2007.01852"

    pooling: Pooling = Field("first", description="pooling of the states to a sentence vector")
    margin: float = Field(0.3, ge=0, description="subtracted from the cosine of translations")
    scale: float = Field(20.0, gt=0, description="multiplies the cosines and the margin; 1 in the paper's formula")

    def contrast(self, model: Encoder, vectors: Sequence[Tensor], batch: PairBatch, auxiliary: Any) -> Terms:
        """Return the sum of both directions, a scalar, given vectors (batch, hidden) of both sides."""
        del model, auxiliary
        source, target = vectors
        compared = candidates(source, target, batch.identity)
        return {"labse": additive_margin_softmax(source, target, margin=self.margin, scale=self.scale, **compared)}
