from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from crosslift.align.bases.linked_pairs import pad_links
from crosslift.align.bases.masked import masked_loss
from crosslift.align.tlm import Tlm
from crosslift.align.weam import ExchangeBatch, Weam
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, TokenPair
from crosslift.errors import CheckpointError, DataError
from tests.tiny import TEXTS, WITHOUT_MASKED_HEAD
from tests.unit.align.linked import GivenStates, generator, gradients, inputs_of, linked_pairs

Checkpoint = Callable[[str], Path]
MASKED = ("bert", "xlm", "xlm-roberta", "deberta-v2", "modernbert")


@pytest.fixture
def encoder(checkpoint: Checkpoint) -> Encoder:
    return Encoder.load(checkpoint("bert")).eval()


def figure() -> tuple[GivenStates, ExchangeBatch, torch.Tensor]:
    """Return the paper's figure 1: hidden 2, 4 and 8; links raining(4)-9 and today(5)-8; the states are one-hot."""
    states = torch.eye(14)[None].clone().requires_grad_()  # position 0 stays out of play: the figure counts from 1
    targets = torch.full((1, 14), IGNORED)
    targets[0, [2, 4, 8]] = torch.tensor([2, 9, 5])
    inputs = inputs_of(torch.zeros(1, 14, dtype=torch.long), targets=targets)
    batch = ExchangeBatch(inputs, pad_links([[(4, 9), (5, 8)]]), torch.ones(1))
    return GivenStates({id(inputs): states}), batch, states


@pytest.mark.parametrize("family", MASKED)
def test_weight_zero_equals_tlm_bit_for_bit(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family)).train()
    pairs = linked_pairs(encoder, family)
    results = []
    for method in (Tlm(mask_probability=0.4), Weam(mask_probability=0.4, exchange_weight=0)):
        batch = method.collate(encoder, pairs, generator(3))
        torch.manual_seed(5)  # dropout
        terms = method.loss(encoder, batch)
        encoder.model.zero_grad()
        terms["tlm"].backward()
        results.append((batch.inputs, dict(terms), gradients(encoder.model)))
    (inputs, tlm, expected), (same_inputs, weam, found) = results
    assert torch.equal(inputs.ids, same_inputs.ids)
    assert weam.keys() == tlm.keys()
    assert torch.equal(weam["tlm"], tlm["tlm"])
    for one, other in zip(expected, found, strict=True):
        assert (one is None) == (other is None)
        assert one is None or other is None or torch.equal(one, other)


@pytest.mark.parametrize("weight", [1.0, 0.5])
def test_without_links_it_is_tlm_again(encoder: Encoder, weight: float) -> None:
    pairs = linked_pairs(encoder, links=())
    batch = Weam(exchange_weight=weight).collate(encoder, pairs, generator())
    terms = Weam(exchange_weight=weight).loss(encoder, batch)
    assert torch.equal(terms["exchange"], weight * terms["tlm"])
    torch.testing.assert_close(terms["tlm"] + terms["exchange"], (1 + weight) * masked_loss(encoder, batch))


@pytest.mark.parametrize("family", MASKED)
def test_partners_are_an_involution_that_leaves_special_tokens_alone(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    pairs = linked_pairs(encoder, family)
    pairs = [TokenPair(pair.source, pair.target, (*(pair.links or ()), (0, 0))) for pair in pairs]
    batch = Weam().collate(encoder, pairs, generator())
    partners, places = batch.partners, torch.arange(batch.inputs.ids.shape[1])
    assert torch.equal(partners.gather(1, partners), places.expand_as(partners))
    assert torch.equal(partners[batch.inputs.special], places.expand_as(partners)[batch.inputs.special])
    assert (partners != places).sum() == 2 * sum(len(pair.links or ()) - 1 for pair in pairs)


def test_partners_hold_linked_tokens_whichever_side_comes_first(encoder: Encoder) -> None:
    pair = linked_pairs(encoder)[0]
    batch = Weam(mask_probability=1e-9).collate(encoder, [pair] * 16, generator())
    partners = batch.inputs.ids.gather(1, batch.partners)
    moved = batch.partners != torch.arange(partners.shape[1])
    links = {frozenset((pair.source.ids[i], pair.target.ids[j])) for i, j in pair.links or ()}
    found = zip(batch.inputs.ids[moved].tolist(), partners[moved].tolist(), strict=True)
    assert {frozenset(link) for link in found} == links
    assert len({tuple(row) for row in batch.inputs.ids.tolist()}) == 2


def test_figure_reads_rows_2_9_and_5() -> None:
    encoder, batch, states = figure()
    terms = Weam().loss(encoder, batch)  # type: ignore[arg-type]
    hit, miss = math.log(13 + math.e) - 1, math.log(13 + math.e)
    torch.testing.assert_close(terms["exchange"].item(), hit)
    torch.testing.assert_close(terms["tlm"].item(), (hit + 2 * miss) / 3)
    terms["exchange"].backward()
    assert states.grad is not None
    assert states.grad[0].abs().sum(dim=1).nonzero().flatten().tolist() == [2, 5, 9]


def test_exchanged_loss_of_linked_tokens_alone() -> None:
    encoder, batch, states = figure()
    loss = Weam(cp_only_aligned=True).loss(encoder, batch)["exchange"]  # type: ignore[arg-type]
    loss.backward()
    assert states.grad is not None
    assert states.grad[0].abs().sum(dim=1).nonzero().flatten().tolist() == [5, 9]


def test_exchanged_loss_of_linked_tokens_is_their_mean_whole_or_in_parts(encoder: Encoder) -> None:
    method = Weam(cp_only_aligned=True, mask_probability=0.5, exchange_weight=0.7)
    batch = method.collate(encoder, linked_pairs(encoder), generator())
    crossed = batch.crossed
    assert 0 < crossed.sum() < batch.positions.sum()
    states = encoder.encode(batch.inputs)
    exchanged = states.gather(1, batch.partners[..., None].expand_as(states))
    assert batch.inputs.targets is not None
    expected = functional.cross_entropy(encoder.masked_logits(exchanged, crossed), batch.inputs.targets[crossed])
    torch.testing.assert_close(method.loss(encoder, batch)["exchange"], 0.7 * expected)
    parts = [batch.select(torch.tensor([row])) for row in range(2)]
    weighted = [
        method.num_targets(part) / method.num_targets(batch) * method.loss(encoder, part)["exchange"] for part in parts
    ]
    torch.testing.assert_close(weighted[0] + weighted[1], 0.7 * expected)


def test_copy_is_predicted_from_the_copy_that_is_not_hidden(encoder: Encoder) -> None:
    tokens = encoder.tokenize(TEXTS[:1])[0]
    pair = TokenPair(tokens, tokens, tuple((i, i) for i in range(1, len(tokens) - 1)))
    batch = Weam().collate(encoder, [pair], generator())
    joined = torch.tensor([encoder.join(tokens, tokens).ids])
    first = (torch.arange(joined.shape[1]) < len(tokens) - 1) & ~batch.inputs.special
    inputs = batch.inputs.with_ids(joined.masked_fill(first, encoder.mask_id))
    hidden = ExchangeBatch(
        inputs_of(inputs.ids, targets=joined.masked_fill(~first, IGNORED), segments=inputs.segments),
        batch.links,
        batch.weight,
    )
    second = batch.partners[0][first[0]]
    assert (hidden.inputs.ids[0, second] == joined[0, first[0]]).all()
    logits = encoder.masked_logits(
        encoder.encode(hidden.inputs), torch.zeros_like(first).index_fill(1, second, value=True)
    )
    expected = functional.cross_entropy(logits, joined[first])
    terms = Weam().loss(encoder, hidden)
    torch.testing.assert_close(terms["exchange"], expected)
    assert terms["tlm"] != terms["exchange"]


def test_gradient_reaches_no_state_but_those_read(encoder: Encoder) -> None:
    batch = Weam(mask_probability=0.2).collate(encoder, linked_pairs(encoder), generator(1))
    states = encoder.encode(batch.inputs).detach().requires_grad_()
    fixed = GivenStates({id(batch.inputs): states})
    fixed.masked_logits = encoder.masked_logits  # type: ignore[method-assign]
    Weam().loss(fixed, batch)["exchange"].backward()  # type: ignore[arg-type]
    assert states.grad is not None
    read = torch.zeros_like(batch.positions)
    rows, _ = batch.positions.nonzero(as_tuple=True)
    read[rows, batch.partners[batch.positions]] = True
    assert torch.equal(states.grad.abs().sum(dim=-1) > 0, read)
    assert not torch.equal(read, batch.positions)


def test_nothing_hidden_costs_nothing(encoder: Encoder) -> None:
    for method in (Weam(mask_probability=1e-9), Weam(mask_probability=1e-9, cp_only_aligned=True)):
        terms = method.loss(encoder, method.collate(encoder, linked_pairs(encoder), generator()))
        assert [term.item() for term in terms.values()] == [0.0, 0.0]
        sum(terms.values()).backward()  # type: ignore[union-attr]


def test_encoder_runs_once_a_step(encoder: Encoder) -> None:
    calls: list[Any] = []
    encoder.base.register_forward_hook(lambda *_: calls.append(1))
    terms = Weam().loss(encoder, Weam().collate(encoder, linked_pairs(encoder), generator()))
    torch.stack(list(terms.values())).sum().backward()
    assert len(calls) == 1


def test_equal_tokens_keep_their_own_state_if_asked(encoder: Encoder) -> None:
    tokens = encoder.tokenize(TEXTS[:1])[0]
    pair = TokenPair(tokens, tokens, tuple((i, i) for i in range(1, len(tokens) - 1)))
    assert Weam().collate(encoder, [pair], generator()).crossed.any()
    assert not Weam(skip_identical=True).collate(encoder, [pair], generator()).crossed.any()


def test_every_hidden_token_can_be_a_mask(encoder: Encoder) -> None:
    batch = Weam(all_mask=True).collate(encoder, linked_pairs(encoder), generator())
    assert (batch.inputs.ids[batch.positions] == encoder.mask_id).all()


def test_links_must_be_known(encoder: Encoder) -> None:
    pairs = [TokenPair(pair.source, pair.target) for pair in linked_pairs(encoder)]
    with pytest.raises(DataError, match="word links"):
        Weam().collate(encoder, pairs, generator())


@pytest.mark.parametrize("family", WITHOUT_MASKED_HEAD)
def test_encoders_without_a_masked_head_are_refused(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    with pytest.raises(CheckpointError, match="mask"):
        Weam().loss(encoder, Weam().collate(encoder, linked_pairs(encoder, family), generator()))
