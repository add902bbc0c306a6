"""Prediction in lower precision: bfloat16 weights, or linear layers in int8."""

from __future__ import annotations

import torch
from torch import nn

from crosslift.choices import Precision
from crosslift.compat import quantize_linear_layers
from crosslift.errors import CheckpointError


def lower(module: nn.Module, precision: Precision) -> None:
    """Lower the precision of a model's weights, in place; from then on the model is for prediction only.

    Lower precision is faster and less exact: measure both before reporting a number.

    Args:
        module: a task model's or an encoder's module, on its device.
        precision: "float32" changes nothing; "bfloat16" casts all weights; "int8" stores linear layers in 8 bits and
            rounds their inputs to 8 bits by the range of each batch, on a CPU only.

    Raises:
        CheckpointError: int8 on another device.
    """
    device = next(module.parameters()).device
    if precision == "bfloat16":
        module.to(torch.bfloat16)
    elif precision == "int8":
        if device.type != "cpu":
            raise CheckpointError(f"precision int8 is for prediction on a CPU; the model is on {device}")
        quantize_linear_layers(module)
