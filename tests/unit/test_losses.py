from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from crosslift import losses
from crosslift.losses import additive_margin_softmax, cz_nce, info_nce, supervised_contrastive

Loss = Callable[..., Tensor]
IN_BATCH: tuple[Loss, ...] = (info_nce, cz_nce, additive_margin_softmax)


def vectors(rows: int = 6, width: int = 8, *, grad: bool = False) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    source, target = (
        torch.randn(rows, width, generator=generator, dtype=torch.float64).requires_grad_(grad) for _ in range(2)
    )
    return source, target


def by_hand(anchor: Tensor, other: Tensor, temperature: float, *, same: bool) -> Tensor:
    found = []
    for i in range(len(anchor)):
        positive = torch.cosine_similarity(anchor[i], other[i], dim=0) / temperature
        scores = [torch.cosine_similarity(anchor[i], row, dim=0) / temperature for row in other]
        if same:
            scores += [
                torch.cosine_similarity(anchor[i], row, dim=0) / temperature for j, row in enumerate(anchor) if j != i
            ]
        found.append(torch.stack(scores).exp().sum().log() - positive)
    return torch.stack(found)


@pytest.mark.parametrize("same", [False, True])
def test_equals_the_formula(same: bool) -> None:
    source, target = vectors()
    one = info_nce(source, target, temperature=0.1, symmetric=False, same_language_negatives=same, reduction="none")
    torch.testing.assert_close(one, by_hand(source, target, 0.1, same=same))
    both = info_nce(source, target, temperature=0.1, same_language_negatives=same)
    mean = (by_hand(source, target, 0.1, same=same) + by_hand(target, source, 0.1, same=same)).mean() / 2
    torch.testing.assert_close(both, mean)


@pytest.mark.parametrize("loss", IN_BATCH)
def test_the_norm_of_vectors_does_not_matter(loss: Loss) -> None:
    source, target = vectors()
    torch.testing.assert_close(loss(source * 5, target / 3), loss(source, target))


@pytest.mark.parametrize("loss", IN_BATCH)
@pytest.mark.parametrize("rows", [1, 3])
def test_an_anchor_without_a_negative_costs_nothing(loss: Loss, rows: int) -> None:
    source, target = vectors(rows=rows, grad=True)
    cost = loss(source, target, excluded=torch.ones(rows, rows, dtype=torch.bool))
    cost.backward()
    assert cost.item() == 0.0
    assert source.grad is not None
    assert (source.grad == 0).all()


def test_identical_pairs_cost_log_of_the_batch() -> None:
    row = torch.ones(4, 3)
    assert info_nce(row, row).item() == pytest.approx(math.log(4))


@pytest.mark.parametrize("loss", IN_BATCH)
def test_half_precision_and_autocast_cost_what_full_precision_does(loss: Loss) -> None:
    source, target = (side.bfloat16() for side in vectors())
    expected = loss(source.float(), target.float())
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(loss(source, target), expected)


@pytest.mark.parametrize("loss", [info_nce, cz_nce])
@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("symmetric", [False, True])
def test_a_part_against_the_pool_costs_its_part_of_the_whole(loss: Loss, same: bool, symmetric: bool) -> None:
    source, target = vectors()
    settings = {"same_language_negatives": same, "symmetric": symmetric, "reduction": "none"}
    part = loss(source[2:5], target[2:5], pool=(source, target), start=2, **settings)
    torch.testing.assert_close(part, loss(source, target, **settings)[2:5])


def test_excluded_candidates_are_no_negatives() -> None:
    source, target = vectors()
    excluded = torch.zeros(6, 6, dtype=torch.bool)
    excluded[0, 3] = excluded[3, 0] = True
    settings = {"same_language_negatives": True, "reduction": "none"}
    left_out = info_nce(source, target, excluded=excluded, **settings)  # type: ignore[arg-type]
    kept = [0, 1, 2, 4, 5]
    torch.testing.assert_close(left_out[0], info_nce(source[kept], target[kept], **settings)[0])  # type: ignore[arg-type]
    torch.testing.assert_close(left_out[1], info_nce(source, target, **settings)[1])  # type: ignore[arg-type]


@pytest.mark.parametrize("loss", IN_BATCH)
@pytest.mark.parametrize("exclude", [False, True])
def test_blocks_change_neither_values_nor_gradients(loss: Loss, exclude: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {} if loss is additive_margin_softmax else {"same_language_negatives": True}
    excluded = torch.eye(6, dtype=torch.bool).roll(1, dims=1) if exclude else None
    found = []
    for block_from in (losses.BLOCK_FROM, 1):
        monkeypatch.setattr(losses, "BLOCK_FROM", block_from)
        monkeypatch.setattr(losses, "BLOCK", 4)
        sides = vectors(grad=True)
        cost = loss(*sides, excluded=excluded, **settings)
        found.append([cost.detach(), *torch.autograd.grad(cost, sides)])
    torch.testing.assert_close(found[1], found[0])


# CZ-NCE


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("temperature", [0.03, 0.07, 1.0])
def test_cz_is_log_expm1_of_info_nce(same: bool, temperature: float) -> None:
    source, target = vectors(rows=9)
    target = source + 0.3 * target  # some anchors are solved
    settings = {
        "same_language_negatives": same,
        "temperature": temperature,
        "symmetric": False,
        "reduction": "none",
    }
    cz, info = (loss(source, target, **settings) for loss in (cz_nce, info_nce))  # type: ignore[operator]
    torch.testing.assert_close(cz, info.expm1().log(), atol=1e-11, rtol=1e-11)
    assert torch.equal(cz.argsort(), info.argsort())
    assert torch.equal(cz < 0, info < math.log(2))  # zero where the positive has half of the mass


def test_gradient_of_cz_is_that_of_info_nce_over_one_minus_p() -> None:
    sides = vectors(grad=True)
    settings = {"same_language_negatives": True, "symmetric": False, "reduction": "none", "temperature": 0.2}
    cz, info = (loss(*sides, **settings) for loss in (cz_nce, info_nce))  # type: ignore[operator]
    for anchor in range(len(cz)):
        rest = 1 - torch.exp(-info[anchor].detach())
        of_cz, of_info = (torch.autograd.grad(cost[anchor], sides, retain_graph=True) for cost in (cz, info))
        torch.testing.assert_close(of_cz, tuple(part / rest for part in of_info), atol=1e-12, rtol=1e-9)


def test_gradient_of_cz_is_that_of_the_odds_over_their_value() -> None:
    """Equation 6 of the poster: grad CZ = grad(phi / stopped phi), phi = sum over negatives exp(s_n - s_positive)."""
    source, target = vectors(grad=True)
    scores = functional.normalize(source, dim=1) @ functional.normalize(target, dim=1).T / 0.07
    others = 1 - torch.eye(6, dtype=torch.float64)
    phi = ((scores - scores.diagonal()[:, None]).exp() * others).sum(dim=1)
    expected = torch.autograd.grad((phi / phi.detach()).mean(), (source, target))
    found = torch.autograd.grad(cz_nce(source, target, symmetric=False), (source, target))
    torch.testing.assert_close(found, expected)


def test_cz_of_aligned_orthogonal_vectors_and_its_range() -> None:
    rows = torch.eye(8, 16, dtype=torch.float64)
    cost = cz_nce(rows, rows, temperature=0.07, same_language_negatives=True)
    assert cost.item() == pytest.approx(math.log(2 * 8 - 2) - 1 / 0.07)
    one = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    solved = cz_nce(one, one, pool=(torch.cat([one, -one.repeat(63, 1)]),) * 2, same_language_negatives=True)
    wrong = cz_nce(one, -one, pool=(torch.cat([one] * 64), torch.cat([-one, *[one] * 63])), symmetric=False)
    assert solved.item() == pytest.approx(-23.74, abs=0.01)
    # 63 negatives here, 126 with same-language ones
    assert wrong.item() + math.log(2) == pytest.approx(33.41, abs=0.01)


def test_small_temperatures_do_not_overflow() -> None:
    source, target = (side.float() for side in vectors())
    cost = cz_nce(source, target, temperature=1e-3)
    assert cost.item() == pytest.approx(cz_nce(source.double(), target.double(), temperature=1e-3).item(), rel=1e-5)


def test_info_nce_keeps_its_precision_where_cross_entropy_is_zero() -> None:
    rows = torch.eye(8, 8)
    scores = rows @ rows.T / 0.05
    assert functional.cross_entropy(scores, torch.arange(8)).item() == 0.0
    exact = math.log1p(7 * math.exp(-1 / 0.05))
    assert info_nce(rows, rows, temperature=0.05).item() == pytest.approx(exact, rel=1e-5)


# additive margin softmax


def test_without_a_margin_it_is_info_nce_in_both_directions() -> None:
    source, target = vectors()
    expected = 2 * info_nce(source, target, temperature=1 / 20)
    torch.testing.assert_close(additive_margin_softmax(source, target, margin=0), expected)


def test_equals_the_formula_of_both_directions() -> None:
    source, target = vectors()
    cosines = functional.normalize(source, dim=1) @ functional.normalize(target, dim=1).T
    scores = 10 * (cosines - 0.2 * torch.eye(6, dtype=torch.float64))
    places = torch.arange(6)
    expected = functional.cross_entropy(scores, places) + functional.cross_entropy(scores.T, places)
    torch.testing.assert_close(additive_margin_softmax(source, target, margin=0.2, scale=10), expected)


def test_a_margin_never_makes_it_cheaper() -> None:
    costs = [additive_margin_softmax(*vectors(), margin=margin).item() for margin in (0.0, 0.1, 0.3, 0.9)]
    assert costs == sorted(costs)


@pytest.mark.parametrize("margin", [0.0, 0.3, 2.0])
def test_one_pair_costs_nothing_and_identical_pairs_cost_the_margin(margin: float) -> None:
    assert additive_margin_softmax(*vectors(rows=1), margin=margin).item() == 0.0
    row = torch.ones(5, 3)
    expected = 2 * math.log(1 + 4 * math.exp(margin))
    assert additive_margin_softmax(row, row, margin=margin, scale=1).item() == pytest.approx(expected)


# supervised contrast


def test_two_views_with_one_label_per_example_are_nt_xent() -> None:
    source, target = vectors()
    both = functional.normalize(torch.cat([source, target]), dim=1)
    scores = (both @ both.T / 0.1).fill_diagonal_(float("-inf"))
    expected = functional.cross_entropy(scores, torch.arange(12).roll(6))
    torch.testing.assert_close(supervised_contrastive(torch.cat([source, target]), torch.arange(12) % 6), expected)


def test_equal_labels_cost_least_where_all_are_equally_close() -> None:
    labels = torch.zeros(6, dtype=torch.long)
    lowest = supervised_contrastive(torch.ones(6, 3), labels).item()
    assert lowest == pytest.approx(math.log(5))
    assert supervised_contrastive(vectors()[0], labels).item() > lowest


def test_anchors_without_a_positive_are_left_out() -> None:
    rows, _ = vectors(grad=True)
    labels = torch.tensor([0, 0, 1, 2, 2, 3])
    each = supervised_contrastive(rows, labels, reduction="none")
    assert (each[[2, 5]] == 0).all()
    torch.testing.assert_close(supervised_contrastive(rows, labels), each[[0, 1, 3, 4]].mean())
    alone = supervised_contrastive(rows, torch.arange(6))
    alone.backward()
    assert alone.item() == 0.0
    assert rows.grad is not None
    assert (rows.grad == 0).all()


def test_order_does_not_matter_and_labels_do() -> None:
    rows, _ = vectors()
    labels, order = torch.tensor([0, 0, 1, 1, 2, 2]), torch.tensor([3, 1, 5, 0, 2, 4])
    cost = supervised_contrastive(rows, labels)
    torch.testing.assert_close(supervised_contrastive(rows[order], labels[order]), cost)
    assert supervised_contrastive(rows, labels[order]).item() != pytest.approx(cost.item())
