"""Masking of tokens for masked language modelling."""

from __future__ import annotations

from dataclasses import replace

import torch

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs


def mask(inputs: Inputs, encoder: Encoder, probability: float, *, all_mask: bool, generator: torch.Generator) -> Inputs:
    """Mask tokens, and set `targets` to the original ones.

    Each token that is not special is chosen with `probability`.  Of the chosen ones, 80 % become [MASK], 10 % a random
    token and 10 % stay (Devlin et al. 2019, arXiv 1810.04805, section 3.1), or all become [MASK] with `all_mask`.

    Args:
        inputs: (batch, length) fields.
        encoder: the encoder whose mask token and vocabulary are used.
        probability: of a token to be chosen.
        all_mask: whether all chosen tokens become [MASK].
        generator: draws the tokens.

    Returns:
        (batch, length) fields, with targets.
    """
    chosen = (torch.rand(inputs.ids.shape, generator=generator) < probability) & ~inputs.special
    fate = torch.rand(inputs.ids.shape, generator=generator)
    random = torch.randint(encoder.vocabulary_size, inputs.ids.shape, generator=generator)
    hidden = chosen if all_mask else chosen & (fate < 0.8)
    replaced = torch.zeros_like(chosen) if all_mask else chosen & (fate >= 0.9)
    ids = torch.where(replaced, random, inputs.ids.masked_fill(hidden, encoder.mask_id))
    return replace(inputs, ids=ids, targets=inputs.ids.masked_fill(~chosen, IGNORED))
