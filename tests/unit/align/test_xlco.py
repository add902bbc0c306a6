from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from crosslift.align.xlco import Momentum, QueryBatch, Xlco, mixed
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs
from tests.unit.align.contrastive import batch_of, extra_of, pairs, terms_of, trained
from tests.unit.align.linked import generator


@pytest.fixture
def encoder(checkpoint: Callable[[str], Path]) -> Encoder:
    return Encoder.load(checkpoint("bert")).eval()


def momentum(method: Xlco, encoder: Encoder) -> Momentum:
    auxiliary = extra_of(method, encoder)
    assert isinstance(auxiliary, Momentum)
    return auxiliary


def query_batch(method: Xlco, encoder: Encoder) -> QueryBatch:
    batch = batch_of(method, encoder)
    assert isinstance(batch, QueryBatch)
    return batch


def keys_of(rows: int, first: int = 0, width: int = 32) -> Tensor:
    return torch.arange(first, first + rows, dtype=torch.float)[:, None].expand(rows, width)


@pytest.mark.parametrize("normalize", [False, True])
def test_the_loss_is_the_cross_entropy_of_the_own_key(encoder: Encoder, normalize: bool) -> None:
    method = Xlco(queue_size=8, mixup=False, normalize=normalize)
    batch, auxiliary = query_batch(method, encoder), momentum(method, encoder)
    auxiliary.waiting = torch.randn(5, 32, generator=generator())
    auxiliary.enqueue()
    query, key = (
        matrix(encoder.hidden_states(side)[2][:, 0])
        for matrix, side in ((auxiliary.query, batch.query), (auxiliary.key, batch.key))
    )
    if normalize:
        query, key = functional.normalize(query), functional.normalize(key)
    scores = query @ torch.cat([key, auxiliary.queue[:5]]).T / 0.25
    expected = functional.cross_entropy(scores, torch.arange(8))
    torch.testing.assert_close(terms_of(method, encoder, batch, auxiliary), {"xlco": expected})
    queue_only = method.model_copy(update={"batch_negatives": False})
    scores = torch.cat([scores.diagonal()[:, None], scores[:, 8:]], dim=1)
    expected = functional.cross_entropy(scores, torch.zeros(8, dtype=torch.long))
    torch.testing.assert_close(terms_of(queue_only, encoder, batch, auxiliary), {"xlco": expected})


def test_keys_have_no_gradient_and_queries_have(encoder: Encoder) -> None:
    method = Xlco(queue_size=8)
    _, gradients = trained(method, encoder, batch_of(method, encoder))
    assert "extra.query.weight" in gradients
    assert not any(name.startswith(("extra.key", "extra.model")) for name in gradients)
    assert gradients["model.bert.embeddings.word_embeddings.weight"].abs().sum() > 0


def test_the_key_encoder_follows(encoder: Encoder) -> None:
    method = Xlco(queue_size=8, momentum=0.9)
    auxiliary = momentum(method, encoder)
    before = [parameter.clone() for parameter in auxiliary.model.parameters()]
    key = auxiliary.key.weight.clone()
    with torch.no_grad():
        for parameter in [*encoder.parameters(), auxiliary.query.weight]:
            parameter.add_(1.0)
        method.after_step(encoder, auxiliary)
    for parameter, old in zip(auxiliary.model.parameters(), before, strict=True):
        torch.testing.assert_close(parameter, old + 0.1, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(auxiliary.key.weight, key + 0.1)
    assert not any(parameter.requires_grad for parameter in auxiliary.model.parameters())


def test_the_key_encoder_stays_without_dropout(encoder: Encoder) -> None:
    method = Xlco(queue_size=8)
    auxiliary, batch = momentum(method, encoder), query_batch(method, encoder)
    auxiliary.train()
    encoder.train()
    keys = []
    for _ in range(2):
        terms_of(method, encoder, batch, auxiliary)
        assert auxiliary.waiting is not None
        keys.append(auxiliary.waiting)
    assert torch.equal(keys[0], keys[1])


def test_keys_are_queued_after_the_step_over_the_oldest(encoder: Encoder) -> None:
    auxiliary = momentum(Xlco(queue_size=5), encoder)
    held = []
    for first, rows in ((0, 2), (2, 2), (4, 2), (6, 9)):
        auxiliary.waiting = keys_of(rows, first)
        auxiliary.enqueue()
        held.append(sorted(auxiliary.queued[:, 0].tolist()))
    assert held == [[0, 1], [0, 1, 2, 3], [1, 2, 3, 4, 5], [10, 11, 12, 13, 14]]
    auxiliary.enqueue()
    assert sorted(auxiliary.queued[:, 0].tolist()) == held[-1]


def test_the_queue_and_the_key_encoder_are_in_the_state(encoder: Encoder) -> None:
    method = Xlco(queue_size=6)
    auxiliary, other = momentum(method, encoder), momentum(method, encoder)
    terms_of(method, encoder, query_batch(method, encoder), auxiliary)
    with torch.no_grad():
        encoder.model.get_parameter("cls.predictions.bias").add_(1)
        method.after_step(encoder, auxiliary)
    other.load_state_dict(auxiliary.state_dict())
    assert torch.equal(other.queued, auxiliary.queued)
    assert len(other.queued) == 4
    assert all(torch.equal(one, two) for one, two in zip(other.parameters(), auxiliary.parameters(), strict=True))


def test_mixup_joins_the_same_pairs_in_orders_of_their_own(encoder: Encoder) -> None:
    items = pairs(encoder)[:3]
    orders = set()
    for seed in range(40):
        joined, alone = mixed(encoder, items, generator(seed))
        assert alone == items[2]
        ways = [
            [encoder.join(first, second) for first, second in ((a, b), (b, a))]
            for a, b in ((items[0].source, items[1].source), (items[0].target, items[1].target))
        ]
        orders.add((ways[0].index(joined.source), ways[1].index(joined.target)))
    assert orders == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_either_side_is_the_query(encoder: Encoder) -> None:
    method, items = Xlco(mixup=False), pairs(encoder)
    source = encoder.collate([pair.source for pair in items]).ids
    queries = [method.collate(encoder, items, generator(seed)).query.ids for seed in range(20)]
    asked = sum(torch.equal(query, source) for query in queries if query.shape == source.shape)
    assert 3 < asked < 17


def test_words_are_hidden_on_both_sides_if_asked_for(encoder: Encoder) -> None:
    batch = query_batch(Xlco(mask_probability=0.4), encoder)
    for side in (batch.query, batch.key):
        assert side.targets is not None
        assert (side.targets != IGNORED).any()
    assert query_batch(Xlco(), encoder).query.targets is None


@pytest.mark.parametrize(("depth", "layer"), [(3, 2), (6, 4), (12, 8), (24, 16)])
def test_the_layer_is_two_thirds_up(encoder: Encoder, depth: int, layer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []

    def see(model: Encoder, inputs: Inputs, layers: tuple[int, ...]) -> None:
        seen.append(layers)

    monkeypatch.setattr("crosslift.align.xlco.summed_layers", see)
    monkeypatch.setattr(Encoder, "layers", depth)
    side = Xlco().sides(query_batch(Xlco(), encoder))[0]
    Xlco().states(encoder, side)
    Xlco(layer=1).states(encoder, side)
    assert seen == [(layer,), (1,)]
