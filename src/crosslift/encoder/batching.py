"""Batches of inputs of similar length, so that almost nothing is computed for padding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs, Tokens

BATCH_TOKENS = {"cpu": 1024}
"""Number of padded tokens per batch, by device type: states that fit a CPU's cache are a quarter to a half faster."""
ACCELERATOR_BATCH_TOKENS = 4096


def by_length(
    encoder: Encoder, tokens: Sequence[Tokens], compute: Callable[[Inputs], Tensor], batch_tokens: int | None
) -> list[Tensor]:
    """Apply a function to all rows, in batches of similar length.

    Args:
        encoder: pads the rows; is put into evaluation mode.
        tokens: the rows.
        compute: maps a batch of (batch, length) fields to (batch, ...).
        batch_tokens: number of padded tokens per batch; None suits the device.

    Returns:
        One tensor (1, ...) per row, on the CPU, in the given order.
    """
    budget = batch_tokens or BATCH_TOKENS.get(encoder.device.type, ACCELERATOR_BATCH_TOKENS)
    results: list[Tensor] = [torch.empty(0)] * len(tokens)
    encoder.eval()
    with torch.inference_mode():
        for batch in _batches([len(row) for row in tokens], budget):
            inputs = encoder.collate([tokens[index] for index in batch]).to(encoder.device)
            for index, row in zip(batch, compute(inputs).cpu(), strict=True):
                results[index] = row[None]
    return results


def _batches(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or lengths[order[end]] * (end + 1 - start) > batch_tokens:
            yield order[start:end]
            start = end
