from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from crosslift.align.labse import Labse
from crosslift.encoder.encoder import Encoder
from crosslift.losses import additive_margin_softmax
from tests.unit.align.contrastive import batch_of, pairs, terms_of


@pytest.fixture
def encoder(checkpoint: Callable[[str], Path]) -> Encoder:
    return Encoder.load(checkpoint("bert")).eval()


def test_vectors_are_first_states(encoder: Encoder) -> None:
    batch = batch_of(Labse(), encoder)
    vectors = [encoder.encode(side)[:, 0] for side in (batch.source, batch.target)]  # type: ignore[attr-defined]
    expected = additive_margin_softmax(*vectors, margin=0.3, scale=20)
    torch.testing.assert_close(terms_of(Labse(), encoder, batch), {"labse": expected})
    printed = additive_margin_softmax(*vectors, margin=0.1, scale=1)
    torch.testing.assert_close(terms_of(Labse(margin=0.1, scale=1), encoder, batch), {"labse": printed})


def test_sides_and_order_are_no_matter(encoder: Encoder) -> None:
    items = pairs(encoder)
    batch = Labse().collate(encoder, items, torch.Generator())
    swapped = type(batch)(batch.target, batch.source)
    turned = Labse().collate(encoder, items[::-1], torch.Generator())
    for other in (swapped, turned):
        torch.testing.assert_close(terms_of(Labse(), encoder, other), terms_of(Labse(), encoder, batch))
