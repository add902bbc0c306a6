"""Hiding tokens of masked language modelling."""

from __future__ import annotations

from dataclasses import replace

import torch

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs


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
