"""The optimizer and its learning-rate schedule."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from crosslift.recipe import TrainTable


def adamw(parameters: Sequence[nn.Parameter], table: TrainTable) -> torch.optim.AdamW:
    """Return AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) without weight decay of biases and norms."""
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": table.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=table.learning_rate, fused=True)


def schedule(step: int, steps: int, warmup_fraction: float) -> float:
    """Return the factor of the learning rate: it rises linearly over the warm-up, then falls linearly to 0.

    >>> [round(schedule(step, 10, 0.2), 2) for step in (0, 1, 2, 9)]
    [0.5, 1.0, 1.0, 0.12]
    """
    warmup = round(steps * warmup_fraction)
    if step < warmup:
        return (step + 1) / warmup
    return (steps - step) / max(1, steps - warmup)
