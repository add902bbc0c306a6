"""Batches of prediction: of similar length, within the device's budget; results in the order of the texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from crosslift.encoder.batching import BATCH_TOKENS, by_length
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from tests.tiny import TEXTS

ROWS = [" ".join([text] * (1 + 7 * place % 5)) for place, text in enumerate(TEXTS * 12)]


def shapes(encoder: Encoder, batch_tokens: int | None) -> list[tuple[int, int]]:
    seen = []

    def compute(inputs: Inputs) -> torch.Tensor:
        seen.append(tuple(inputs.ids.shape))
        return inputs.ids.float().sum(dim=1)

    tokens = encoder.tokenize(ROWS, language="en")
    found = by_length(encoder, tokens, compute, batch_tokens)
    assert [one.shape for one in found] == [(1,)] * len(ROWS)
    assert encoder.tokenizer.pad_token_id == 0  # which sums do not see
    assert [one.item() for one in found] == [sum(row.ids) for row in tokens]
    return seen


def test_a_processor_gets_small_batches(checkpoint: Callable[[str], Path]) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    batches = shapes(encoder, None)
    assert len(batches) > 3
    assert all(rows * width <= BATCH_TOKENS["cpu"] for rows, width in batches)
    assert [width for _, width in batches] == sorted(width for _, width in batches)
    assert shapes(encoder, BATCH_TOKENS["cpu"]) == batches


def test_a_budget_that_is_asked_for_is_kept(checkpoint: Callable[[str], Path]) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    assert len(shapes(encoder, 1)) == len(ROWS)
    assert len(shapes(encoder, 1_000_000)) == 1
