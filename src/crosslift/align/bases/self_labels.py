"""Word links from a model's own states: optimal transport between two sentences, then filtering.

Matrices are (batch, length, length) over joined pairs; `valid` is True where the row is a token of the first text and
the column a token of the second.
Source: Chi et al. 2021, arXiv 2106.06381, section 3.2, as in the released code; the filtering is the Itermax of Jalili
Sabet et al. 2020, arXiv 2004.08728.
"""

from __future__ import annotations

import torch
from torch import Tensor

SMALLEST = 1e-6
"""Replaces similarities that are not positive."""
DISCOUNT = 0.9
"""Factor of a similarity in later rounds if one of its ends is linked already."""


def sinkhorn(similarity: Tensor, valid: Tensor, *, iterations: int) -> Tensor:
    """Return the transport plan, (batch, length, length), 0 where not valid.

    Each iteration normalises the columns, then the rows, to sum to 1.

    Args:
        similarity: (batch, length, length).
        valid: (batch, length, length) bool.
        iterations: number of iterations.
    """
    plan = similarity.where(similarity > 0, SMALLEST) * valid
    for _ in range(iterations):
        for axis in (1, 2):
            plan = plan / plan.sum(dim=axis, keepdim=True).clamp(min=torch.finfo(plan.dtype).tiny)
    return plan


def iterative_max(plan: Tensor, valid: Tensor, *, rounds: int) -> Tensor:
    """Return the links, (batch, length, length) bool: mutual best pairs.

    Each further round adds mutual best pairs with at least one unlinked end; pairs with one linked end are discounted.
    Sentence pairs with a side of at most two tokens get one round.

    Args:
        plan: (batch, length, length), the transport plan.
        valid: (batch, length, length) bool.
        rounds: number of rounds.
    """
    rows, columns = valid.any(dim=2), valid.any(dim=1)
    long = torch.minimum(rows.sum(dim=1), columns.sum(dim=1)) > 2
    links = _mutual_best(plan) & valid
    for _ in range(rounds - 1):
        free_rows, free_columns = rows & ~links.any(dim=2), columns & ~links.any(dim=1)
        going = long & free_rows.any(dim=1) & free_columns.any(dim=1)
        free = free_rows.unsqueeze(2).to(plan.dtype) + free_columns.unsqueeze(1)  # how many of the two ends
        mutual = _mutual_best(plan * (DISCOUNT * free).clamp(max=1))
        links = links | (mutual & valid & going[:, None, None])
    return links


def best_partners(links: Tensor, plan: Tensor) -> Tensor:
    """Return the partner of each position in the other text, (batch, length), or -1; of several the heaviest.

    Args:
        links: (batch, length, length) bool.
        plan: (batch, length, length), the weights.
    """
    weight = plan * links
    both = weight + weight.transpose(1, 2)  # a position is in only one of the two texts
    heaviest, partner = both.max(dim=2)
    return partner.masked_fill(heaviest == 0, -1)


def _mutual_best(scores: Tensor) -> Tensor:
    forward, backward = (
        torch.zeros_like(scores, dtype=torch.bool).scatter_(axis, scores.argmax(dim=axis, keepdim=True), value=True)
        for axis in (2, 1)
    )
    return forward & backward
