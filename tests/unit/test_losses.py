from __future__ import annotations

import pytest
import torch

from crosslift.losses import info_nce


def vectors(rows: int = 6, width: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(rows, width, generator=generator, dtype=torch.float64) for _ in range(2))  # type: ignore[return-value]


def by_hand(anchor: torch.Tensor, other: torch.Tensor, temperature: float, *, same: bool) -> torch.Tensor:
    losses = []
    for i in range(len(anchor)):
        positive = torch.cosine_similarity(anchor[i], other[i], dim=0) / temperature
        scores = [torch.cosine_similarity(anchor[i], row, dim=0) / temperature for row in other]
        if same:
            scores += [
                torch.cosine_similarity(anchor[i], row, dim=0) / temperature for j, row in enumerate(anchor) if j != i
            ]
        losses.append(torch.stack(scores).exp().sum().log() - positive)
    return torch.stack(losses)


@pytest.mark.parametrize("same", [False, True])
def test_equals_the_formula(same: bool) -> None:
    source, target = vectors()
    one = info_nce(source, target, temperature=0.1, symmetric=False, same_language_negatives=same, reduction="none")
    torch.testing.assert_close(one.double(), by_hand(source, target, 0.1, same=same), atol=1e-5, rtol=1e-5)
    both = info_nce(source, target, temperature=0.1, same_language_negatives=same)
    mean = (by_hand(source, target, 0.1, same=same) + by_hand(target, source, 0.1, same=same)).mean() / 2
    torch.testing.assert_close(both.double(), mean, atol=1e-5, rtol=1e-5)


def test_length_of_vectors_is_no_matter() -> None:
    source, target = vectors()
    torch.testing.assert_close(info_nce(source * 5, target / 3), info_nce(source, target))


def test_one_pair_costs_nothing() -> None:
    source, target = vectors(rows=1)
    assert info_nce(source, target).item() == pytest.approx(0.0)


def test_identical_pairs_cost_log_of_the_batch() -> None:
    row = torch.ones(4, 3)
    assert info_nce(row, row).item() == pytest.approx(torch.log(torch.tensor(4.0)).item())
