"""Prediction with fewer bits: bfloat16 weights, or linear layers in int8."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from crosslift.compat import quantize_linear_layers
from crosslift.errors import CheckpointError

Precision = Literal["float32", "bfloat16", "int8"]


def lower(module: nn.Module, precision: Precision) -> None:
    """Give a model, in place, weights of fewer bits; it is for prediction only from then on.

    Scores may change by rounding: measure both before a number is reported.

    Args:
        module: a task model's or an encoder's module, on its device.
        precision: "float32" leaves it as it is; "bfloat16" halves all weights; "int8" stores linear layers in 8 bits
            and rounds what they read to 8 bits by the range of each batch, on a CPU alone.

    Raises:
        CheckpointError: int8 on another device.
    """
    device = next(module.parameters()).device
    if precision == "bfloat16":
        module.to(torch.bfloat16)
    elif precision == "int8":
        if device.type != "cpu":
            raise CheckpointError(f"precision int8 is for prediction on a CPU, and the model is on {device}")
        quantize_linear_layers(module)
