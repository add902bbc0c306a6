from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from crosslift.align.bases.masked import masked_loss
from crosslift.align.bases.self_labels import best_partners, iterative_max, sinkhorn
from crosslift.align.tlm import Tlm
from crosslift.align.xlm_align import JoinedBatch, XlmAlign
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair
from crosslift.errors import CheckpointError, RecipeError
from tests.tiny import WITHOUT_MASKED_HEAD
from tests.unit.align.linked import generator, linked_pairs

Checkpoint = Callable[[str], Path]
Matrix = NDArray[np.float64]


@pytest.fixture
def encoder(checkpoint: Checkpoint) -> Encoder:
    return Encoder.load(checkpoint("bert")).eval()


def one_at_a_time(similarity: Matrix, iterations: int, rounds: int) -> tuple[Matrix, set[tuple[int, int]]]:
    """Return plan and links of one pair, written out by cells."""
    plan = np.where(similarity > 0, similarity, 1e-6)
    for _ in range(iterations):
        plan = plan / plan.sum(axis=0, keepdims=True)
        plan = plan / plan.sum(axis=1, keepdims=True)
    rows, columns = range(plan.shape[0]), range(plan.shape[1])
    scores, links = plan, set[tuple[int, int]]()
    taken_rows, taken_columns = set[int](), set[int]()
    for _ in range(rounds):
        best = {(i, j) for i in rows for j in columns if j == scores[i].argmax() and i == scores[:, j].argmax()}
        links |= {(i, j) for i, j in best if not (i in taken_rows and j in taken_columns)}
        taken_rows, taken_columns = {i for i, _ in links}, {j for _, j in links}
        if min(plan.shape) <= 2 or len(taken_rows) == plan.shape[0] or len(taken_columns) == plan.shape[1]:
            break
        factor = np.array(
            [[0.9 * (i not in taken_rows) + 0.9 * (j not in taken_columns) for j in columns] for i in rows]
        )
        scores = plan * factor.clip(0, 1)
    return plan, links


def embedded(similarity: Matrix, length: int, rows: int, columns: int) -> tuple[Tensor, Tensor]:
    """Return the similarities of one pair in the joined sequence, and the valid positions."""
    m, n = similarity.shape
    whole = torch.randn(1, length, length, generator=generator(), dtype=torch.float64) * 50
    valid = torch.zeros(1, length, length, dtype=torch.bool)
    whole[0, rows : rows + m, columns : columns + n] = torch.from_numpy(similarity)
    valid[0, rows : rows + m, columns : columns + n] = True
    return whole, valid


@pytest.mark.parametrize("shape", [(1, 4), (2, 5), (3, 3), (6, 9), (12, 7)])
@pytest.mark.parametrize(("iterations", "rounds"), [(2, 2), (2, 1), (0, 3), (5, 4)])
def test_labels_equal_those_found_cell_by_cell(shape: tuple[int, int], iterations: int, rounds: int) -> None:
    for seed in range(8):
        similarity = np.random.default_rng((seed, *shape)).normal(0.5, 1, shape)
        expected_plan, expected = one_at_a_time(similarity, iterations, rounds)
        whole, valid = embedded(similarity, 24, 1, 14)
        plan = sinkhorn(whole, valid, iterations=iterations)
        links = iterative_max(plan, valid, rounds=rounds)
        np.testing.assert_allclose(plan[0, 1 : 1 + shape[0], 14 : 14 + shape[1]], expected_plan)
        assert (plan[~valid] == 0).all()
        assert {(i - 1, j - 14) for _, i, j in links.nonzero().tolist()} == expected


def test_later_rounds_add_links() -> None:
    similarity = np.random.default_rng(0).normal(0.5, 1, (12, 12))
    whole, valid = embedded(similarity, 26, 1, 14)
    plan = sinkhorn(whole, valid, iterations=2)
    counts = [int(iterative_max(plan, valid, rounds=rounds).sum()) for rounds in (1, 2, 3)]
    assert counts[0] < counts[1] <= counts[2]


def test_plan_of_many_iterations_is_doubly_stochastic() -> None:
    whole, valid = embedded(np.random.default_rng(0).uniform(0.1, 1, (5, 5)), 12, 1, 7)
    plan = sinkhorn(whole, valid, iterations=50)[0, 1:6, 7:]
    torch.testing.assert_close(plan.sum(0), torch.ones(5, dtype=torch.float64))
    torch.testing.assert_close(plan.sum(1), torch.ones(5, dtype=torch.float64))


def test_clear_similarities_link_the_obvious() -> None:
    order = torch.randperm(6, generator=generator()).tolist()
    whole, valid = embedded(np.eye(6)[order] * 10, 15, 1, 8)
    plan = sinkhorn(whole, valid, iterations=2)
    partners = best_partners(iterative_max(plan, valid, rounds=2), plan)[0]
    expected = {1 + i: 8 + j for i, j in enumerate(order)}
    assert {i: int(partners[i]) for i in expected} == expected
    assert {int(partners[j]): j for j in expected.values()} == expected
    assert (partners != -1).sum() == 12


def test_heaviest_of_several_links_counts() -> None:
    plan = torch.zeros(1, 6, 6)
    plan[0, 1, 3], plan[0, 1, 4], plan[0, 2, 4] = 0.2, 0.5, 0.4
    assert best_partners(plan > 0, plan)[0].tolist() == [-1, 4, 4, 1, 1, -1]


@pytest.mark.parametrize("family", ["bert", "xlm", "xlm-roberta", "deberta-v2", "modernbert"])
def test_the_two_texts_are_distinguished(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    pairs = linked_pairs(encoder, family)
    batch = XlmAlign().collate(encoder, pairs, generator(4))
    first, second = batch.crossing.any(dim=2), batch.crossing.any(dim=1)
    assert torch.equal(first | second, ~batch.inputs.special)
    assert not (first & second).any()
    for row, pair in enumerate(pairs):
        sides = [tuple(batch.original.ids[row, side[row]].tolist()) for side in (first, second)]
        texts = [
            tuple(token for token, special in zip(side.ids, side.special, strict=True) if not special)
            for side in (pair.source, pair.target)
        ]
        assert sides in (texts, texts[::-1])


def test_masks_are_those_of_tlm(encoder: Encoder) -> None:
    pairs = linked_pairs(encoder)
    mine, theirs = (method.collate(encoder, pairs, generator()).inputs for method in (XlmAlign(), Tlm()))
    assert torch.equal(mine.ids, theirs.ids)
    original = Tlm(mask_probability=1e-9).collate(encoder, pairs, generator()).inputs.ids
    assert torch.equal(XlmAlign().collate(encoder, pairs, generator()).original.ids, original)


def losses(encoder: Encoder, method: XlmAlign, seed: int = 0) -> tuple[JoinedBatch, dict[str, Tensor]]:
    batch = method.collate(encoder, linked_pairs(encoder), generator(seed))
    torch.manual_seed(0)
    return batch, dict(method.loss(encoder, batch, method.auxiliary_module(encoder)))


def test_terms_are_tlm_and_the_pointer(encoder: Encoder) -> None:
    method = XlmAlign(mask_probability=0.4)
    batch = method.collate(encoder, linked_pairs(encoder), generator())
    pointer = method.auxiliary_module(encoder)
    terms = method.loss(encoder, batch, pointer)
    torch.testing.assert_close(terms["tlm"], masked_loss(encoder, batch))
    partners, states = method.label(encoder, batch), encoder.encode(batch.inputs)
    total = torch.zeros(())
    for row, place in (batch.positions & (partners != -1)).nonzero().tolist():
        others = (batch.crossing | batch.crossing.transpose(1, 2))[row, place].nonzero().flatten()
        scores = pointer.key(states[row, others]) @ pointer.query(states[row, place]) / math.sqrt(encoder.hidden_size)
        target = (others == partners[row, place]).nonzero().flatten()
        total = total + functional.cross_entropy(scores[None], target)
    assert total > 0
    torch.testing.assert_close(terms["pointer"], total / method.num_targets(batch))


def test_gradients_reach_encoder_and_pointer(encoder: Encoder) -> None:
    method = XlmAlign(mask_probability=0.4, tlm_weight=0)
    batch = method.collate(encoder, linked_pairs(encoder), generator())
    pointer = method.auxiliary_module(encoder)
    terms = method.loss(encoder, batch, pointer)
    assert terms.keys() == {"pointer"}
    terms["pointer"].backward()
    assert encoder.base.get_input_embeddings().weight.grad.abs().sum() > 0  # type: ignore[union-attr]
    weights = (pointer.query.weight, pointer.query.bias, pointer.key.weight)
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in weights)


def test_labels_come_without_dropout_and_leave_it_on(encoder: Encoder) -> None:
    method = XlmAlign()
    batch = method.collate(encoder, linked_pairs(encoder), generator())
    expected = method.label(encoder, batch)
    encoder.train()
    assert torch.equal(method.label(encoder, batch), expected)
    assert encoder.model.training


def test_labels_do_not_depend_on_masks_or_padding(encoder: Encoder) -> None:
    method, short = XlmAlign(), encoder.tokenize(["The cat sleeps.", "Kot śpi."])
    pairs = [*linked_pairs(encoder), TokenPair(*short)]
    masked, bare = (XlmAlign(mask_probability=p).collate(encoder, pairs, generator()) for p in (0.9, 1e-9))
    assert torch.equal(method.label(encoder, masked), method.label(encoder, bare))
    alone = bare.select(torch.tensor([2]))
    length = alone.inputs.ids.shape[1]
    assert length < bare.inputs.ids.shape[1]
    assert torch.equal(method.label(encoder, alone)[0], method.label(encoder, bare)[2, :length])


def test_nothing_hidden_costs_nothing(encoder: Encoder) -> None:
    _, terms = losses(encoder, XlmAlign(mask_probability=1e-9))
    assert [term.item() for term in terms.values()] == [0.0, 0.0]
    sum(terms.values()).backward()  # type: ignore[union-attr]


def test_parts_add_up(encoder: Encoder) -> None:
    method = XlmAlign(mask_probability=0.5)
    batch = method.collate(encoder, linked_pairs(encoder), generator())
    pointer = method.auxiliary_module(encoder)
    whole = method.loss(encoder, batch, pointer)
    parts = [batch.select(torch.tensor([row])) for row in range(2)]
    shares = [method.num_targets(part) / method.num_targets(batch) for part in parts]
    for name, value in whole.items():
        parted = [share * method.loss(encoder, part, pointer)[name] for share, part in zip(shares, parts, strict=True)]
        torch.testing.assert_close(sum(parted), value)


def test_layer_must_exist(encoder: Encoder) -> None:
    with pytest.raises(RecipeError, match=r"xlm_align.layer: .*no layer 10"):
        XlmAlign(layer=10).auxiliary_module(encoder)
    assert XlmAlign(layer=3).auxiliary_module(encoder) is not None


@pytest.mark.parametrize("family", WITHOUT_MASKED_HEAD)
def test_encoders_without_a_masked_head_are_refused(checkpoint: Checkpoint, family: str) -> None:
    encoder, method = Encoder.load(checkpoint(family)), XlmAlign()
    with pytest.raises(CheckpointError, match="mask"):
        method.loss(
            encoder,
            method.collate(encoder, linked_pairs(encoder, family), generator()),
            method.auxiliary_module(encoder),
        )
