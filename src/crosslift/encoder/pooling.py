"""From token states to one vector a text."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from crosslift.compat import PretrainedConfig
from crosslift.encoder.inputs import Inputs
from crosslift.errors import RecipeError, unknown

Pooling = Literal["mean", "mean_no_special", "first"]
"""All real tokens (XTREME's way for retrieval), all but special tokens, or the first token."""


POOLINGS = ("mean", "mean_no_special", "first")


def pool(states: Tensor, inputs: Inputs, how: str = "mean") -> Tensor:
    """Return one vector a row.

    Args:
        states: (batch, length, hidden).
        inputs: what the states are of.
        how: "mean" over real tokens, special ones included (Hu et al., 2020, XTREME, section 4); "mean_no_special" over
            real tokens that are not special, and zero for a text without any; "first" token.

    Returns:
        (batch, hidden).

    Raises:
        RecipeError: `how` is none of these.
    """
    match how:
        case "first":
            return states[:, 0]
        case "mean":
            return masked_mean(states, inputs.mask.bool())
        case "mean_no_special":
            return masked_mean(states, ~inputs.special)
    raise RecipeError(unknown("pooling", how, POOLINGS))


def masked_mean(states: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of `states` (batch, length, hidden) where `mask` (batch, length) is true: (batch, hidden)."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


_KEY = "crosslift_pooling"


def trained_pooling(config: PretrainedConfig) -> str | None:
    """Return the pooling that a dual encoder was trained with; None for other encoders."""
    return getattr(config, _KEY, None)


def write_pooling(config: PretrainedConfig, pooling: str | None) -> None:
    """Make a configuration say how vectors are made; with None, what an earlier stage said is gone."""
    if pooling is not None:
        setattr(config, _KEY, pooling)
    elif hasattr(config, _KEY):
        delattr(config, _KEY)
