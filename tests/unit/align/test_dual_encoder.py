"""The dual encoder of XTREME-R: an in-batch softmax whose scale, and whose pooler, are trained along."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from crosslift.align.dual_encoder import DualEncoder
from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError
from tests.unit.align.contrastive import batch_of


@pytest.fixture
def encoder(checkpoint: Callable[[str], Path]) -> Encoder:
    return Encoder.load(checkpoint("bert")).eval()


@pytest.mark.parametrize("pooler", [True, False])
def test_it_is_a_softmax_over_the_right_sides_of_the_batch(encoder: Encoder, pooler: bool) -> None:
    method = DualEncoder(pooler=pooler, pooling="first", scale=20)
    batch = batch_of(method, encoder)
    auxiliary = method.auxiliary_module(encoder)
    states = [encoder.encode(side) for side in (batch.source, batch.target)]  # type: ignore[attr-defined]
    assert encoder.pooler is not None
    vectors = [encoder.pooler(each) if pooler else each[:, 0] for each in states]
    source, target = (functional.normalize(each, dim=-1) for each in vectors)
    expected = functional.cross_entropy(20 * source @ target.T, torch.arange(len(source)))
    terms = method.loss(encoder, batch, auxiliary)
    torch.testing.assert_close(terms, {"dual_encoder": expected})
    terms["dual_encoder"].backward()  # type: ignore[no-untyped-call]
    assert auxiliary.scale.grad != 0
    assert all((weight.grad is not None) == pooler for weight in encoder.pooler.parameters())


def test_chunks_give_the_gradients_of_the_whole_batch(encoder: Encoder) -> None:
    gradients = []
    for size in (None, 2):
        method = DualEncoder(pooler=True, chunk_size=size)
        auxiliary = method.auxiliary_module(encoder)
        encoder.model.zero_grad()
        auxiliary.zero_grad()
        method.step(encoder, batch_of(method, encoder), lambda terms: sum(terms.values()).backward(), auxiliary)  # type: ignore[union-attr, arg-type]
        trained = [*encoder.parameters(), *auxiliary.parameters()]
        gradients.append([weight.grad.clone() for weight in trained if weight.grad is not None])
    assert len(gradients[0]) == len(gradients[1])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_a_checkpoint_without_a_pooler_says_so(encoder: Encoder) -> None:
    encoder.pooler = None
    with pytest.raises(CheckpointError, match="has no pooler; set `pooler = false` and choose a `pooling`"):
        DualEncoder(pooler=True).auxiliary_module(encoder)
