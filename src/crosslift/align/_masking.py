"""Masking of tokens and the loss of predicting them, shared by the masked-language-modelling objectives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs
from crosslift.train.batch import Batch


@dataclass(frozen=True)
class MaskedBatch(Batch):
    """Masked inputs; their `targets` are the original tokens at the positions to predict."""

    inputs: Inputs

    @property
    def positions(self) -> Tensor:
        """(batch, length) bool: positions to predict."""
        assert self.inputs.targets is not None
        return self.inputs.targets != IGNORED


def mask(inputs: Inputs, encoder: Encoder, probability: float, *, all_mask: bool, generator: torch.Generator) -> Inputs:
    """Hide tokens and set `targets` to what was hidden.

    Each token that is not special is chosen with `probability`.  Of the chosen, 80 % become [MASK], 10 % a random
    token and 10 % stay (Devlin et al. 2019, arXiv 1810.04805, section 3.1), or all become [MASK] with `all_mask`.
    """
    chosen = (torch.rand(inputs.ids.shape, generator=generator) < probability) & ~inputs.special
    fate = torch.rand(inputs.ids.shape, generator=generator)
    random = torch.randint(encoder.vocabulary_size, inputs.ids.shape, generator=generator)
    hidden = chosen if all_mask else chosen & (fate < 0.8)
    replaced = torch.zeros_like(chosen) if all_mask else chosen & (fate >= 0.9)
    ids = torch.where(replaced, random, inputs.ids.masked_fill(hidden, encoder.mask_id))
    return replace(inputs, ids=ids, targets=inputs.ids.masked_fill(~chosen, IGNORED))


def masked_loss(encoder: Encoder, batch: MaskedBatch) -> Tensor:
    """Return the mean cross-entropy of the hidden tokens, with logits computed at their positions only.

    A batch without a hidden token costs 0.
    """
    assert batch.inputs.targets is not None
    positions = batch.positions
    logits = encoder.masked_logits(encoder.encode(batch.inputs), positions)  # (hidden tokens, vocabulary)
    total = functional.cross_entropy(logits.float(), batch.inputs.targets[positions], reduction="sum")
    return total / max(1, len(logits))
