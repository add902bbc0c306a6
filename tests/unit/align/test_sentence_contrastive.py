from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from crosslift.align.sentence_contrastive import SentenceContrastive
from crosslift.encoder.encoder import Encoder
from crosslift.losses import info_nce
from crosslift.train.pairs import TokenPair
from tests.tiny import TEXTS


@pytest.fixture
def encoder(checkpoint: Callable[[str], Path]) -> Encoder:
    return Encoder.load(checkpoint("bert")).eval()


@pytest.mark.parametrize("layers", [(-1,), (0,), (1, -1)])
def test_vectors_are_means_of_the_layers_added_up(encoder: Encoder, layers: tuple[int, ...]) -> None:
    tokens = encoder.tokenize(TEXTS[:4])
    pairs = [TokenPair(row, other) for row, other in zip(tokens, tokens[1:] + tokens[:1], strict=True)]
    method = SentenceContrastive(layers=layers, temperature=0.2)
    batch = method.collate(encoder, pairs, torch.Generator())
    sides = []
    for inputs in (batch.source, batch.target):
        summed = sum(encoder.hidden_states(inputs)[layer] for layer in layers)
        assert isinstance(summed, torch.Tensor)
        sides.append((summed * inputs.mask[..., None]).sum(1) / inputs.mask.sum(1, keepdim=True))
    expected = info_nce(*sides, temperature=0.2)
    torch.testing.assert_close(method.loss(encoder, batch)["sentence_contrastive"], expected)


def test_order_of_pairs_is_no_matter(encoder: Encoder) -> None:
    tokens = encoder.tokenize(TEXTS[:6])
    pairs = [TokenPair(*pair) for pair in zip(tokens[:3], tokens[3:], strict=True)]
    method = SentenceContrastive()
    first, second = (
        method.loss(encoder, method.collate(encoder, order, torch.Generator()))["sentence_contrastive"]
        for order in (pairs, pairs[::-1])
    )
    torch.testing.assert_close(first, second)
