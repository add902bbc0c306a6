"""Pooling: from token states to one vector per text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, get_args

from pydantic import BeforeValidator
from torch import Tensor

from crosslift.choices import RENAMED_POOLINGS, StatePooling
from crosslift.compat import PretrainedConfig
from crosslift.encoder.inputs import Inputs
from crosslift.errors import RecipeError, unknown


def unknown_pooling(name: str, valid: Iterable[str]) -> str:
    """Return the message about a pooling that is not among the valid ones.

    >>> unknown_pooling("mean_words", ["mean", "mean_no_special"])
    "pooling: 'mean_words' is now 'mean_no_special'"
    """
    if name in RENAMED_POOLINGS:
        return f"pooling: '{name}' is now '{RENAMED_POOLINGS[name]}'"
    return unknown("pooling", name, valid)


def _current(name: Any) -> Any:
    if isinstance(name, str) and name in RENAMED_POOLINGS:
        raise ValueError(f"'{name}' is now '{RENAMED_POOLINGS[name]}'")
    return name


Pooling = Annotated[StatePooling, BeforeValidator(_current)]
"""The pooling of states, as a setting of a method."""


def pool(states: Tensor, inputs: Inputs, how: str = "mean") -> Tensor:
    """Return one vector per text.

    Args:
        states: (batch, length, hidden).
        inputs: the inputs that the states belong to.
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
    raise RecipeError(unknown_pooling(how, get_args(StatePooling)))


def masked_mean(states: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of `states` (batch, length, hidden) where `mask` (batch, length) is true: (batch, hidden)."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


_KEY = "crosslift_pooling"


def trained_pooling(config: PretrainedConfig) -> str | None:
    """Return the pooling that a dual encoder was trained with; None for other encoders."""
    return getattr(config, _KEY, None)


def write_pooling(config: PretrainedConfig, pooling: str | None) -> None:
    """Write a pooling into a configuration; None removes that of an earlier stage."""
    if pooling is not None:
        setattr(config, _KEY, pooling)
    elif hasattr(config, _KEY):
        delattr(config, _KEY)
