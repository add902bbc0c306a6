"""Base of masked language modelling objectives: masking, and the loss of the masked tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from crosslift.align.bases.span_corruption import SpanBatch, SpanDecoder, corrupt
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs, Tokens
from crosslift.encoder.masking import mask
from crosslift.encoder.text_to_text import is_text_to_text
from crosslift.train.batch import Batch
from crosslift.train.method import Method


@dataclass(frozen=True)
class MaskedBatch(Batch):
    """Masked inputs; their `targets` are the original tokens at the positions to predict."""

    inputs: Inputs

    @property
    def positions(self) -> Tensor:
        """The positions to predict, (batch, length) bool."""
        assert self.inputs.targets is not None
        return self.inputs.targets != IGNORED


HiddenBatch = MaskedBatch | SpanBatch
"""Inputs whose hidden tokens are replaced by [MASK], or by sentinels."""


class HiddenTokens(Method):
    """Base of the objectives that hide tokens and predict them.

    Encoders with a masked-LM head predict masked tokens; text-to-text encoders generate corrupted spans with their
    decoder (`bases.span_corruption`).
    """

    mask_probability: float = Field(0.15, gt=0, le=1, description="share of tokens that are predicted")
    all_mask: bool = Field(False, description="replace every chosen token by [MASK] instead of 80/10/10")
    span_length: float = Field(
        3.0, ge=1, description="mean number of tokens of a hidden span; text-to-text encoders only"
    )

    def auxiliary_module(self, model: Encoder) -> nn.Module | None:
        """Return the decoder of a text-to-text encoder."""
        return SpanDecoder.of(model) if is_text_to_text(model) else None

    def num_targets(self, batch: HiddenBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return the number of tokens that are predicted."""
        return int(batch.outputs.mask.sum() if isinstance(batch, SpanBatch) else batch.positions.sum())

    def hide(self, model: Encoder, rows: Sequence[Tokens], generator: torch.Generator) -> HiddenBatch:
        """Return the rows with tokens hidden.

        Raises:
            CheckpointError: the encoder has neither a mask token nor sentinels.
        """
        if is_text_to_text(model):
            return corrupt(model, rows, self.mask_probability, self.span_length, generator)[1]
        inputs = model.collate(rows)
        return MaskedBatch(mask(inputs, model, self.mask_probability, all_mask=self.all_mask, generator=generator))


def predictions(
    encoder: Encoder, batch: HiddenBatch, decoder: SpanDecoder | None = None, embeddings: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return the logits of the hidden tokens, (n, vocabulary), and their targets, (n,).

    Args:
        encoder: the encoder.
        batch: inputs with hidden tokens.
        decoder: the decoder of a text-to-text encoder.
        embeddings: (batch, length, embedding), word embeddings to use instead of `encoder.embed(batch.inputs.ids)`.

    Raises:
        CheckpointError: there is no trained masked-LM head.
    """
    states = encoder.encode(batch.inputs, embeddings)
    if isinstance(batch, SpanBatch):
        assert decoder is not None
        logits = decoder(encoder, states, batch.inputs.mask, batch.outputs)
        return logits, batch.outputs.ids[batch.outputs.mask.bool()]
    assert batch.inputs.targets is not None
    return encoder.masked_logits(states, batch.positions), batch.inputs.targets[batch.positions]


def masked_loss(
    encoder: Encoder, batch: HiddenBatch, decoder: SpanDecoder | None = None, embeddings: Tensor | None = None
) -> Tensor:
    """Return the mean cross-entropy of the hidden tokens, a scalar; 0 without any.

    Args:
        encoder: the encoder.
        batch: inputs with hidden tokens.
        decoder: the decoder of a text-to-text encoder.
        embeddings: (batch, length, embedding), as in `predictions`.
    """
    logits, targets = predictions(encoder, batch, decoder, embeddings)
    total = functional.cross_entropy(logits.float(), targets, reduction="sum")
    return total / max(1, len(logits))
