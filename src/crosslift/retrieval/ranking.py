"""Exact ranks of the right candidates of each query in a pool, and its best candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoder.device import default_device

_PRODUCTS = 32_000_000
"""Maximum number of inner products in memory."""


@dataclass(frozen=True)
class Ranked:
    """A pool, ranked for each query."""

    best: NDArray[np.int64]
    """(queries, depth): rows of the pool, best first."""
    ranks: list[list[int]]
    """Ranks from 1 of the right candidates of each query, in their order."""


def rank(
    queries: NDArray[np.float32],
    pool: NDArray[np.float32],
    right: Sequence[Sequence[int]],
    *,
    depth: int = 20,
    own: Sequence[int] | None = None,
) -> Ranked:
    """Rank a pool by inner product with each query; of equal products the earlier candidate ranks higher.

    Args:
        queries: (queries, hidden).
        pool: (candidates, hidden).
        right: rows of the pool that answer each query.
        depth: number of best candidates to return; fewer where the pool has fewer.
        own: the row of each query in the pool, if queries are candidates; it is left out.
    """
    device = default_device()
    candidates = torch.from_numpy(pool).to(device)
    size = max(1, _PRODUCTS // max(1, len(pool)))
    best, ranks = [], []
    for start in range(0, len(queries), size):
        here = slice(start, start + size)
        products = torch.from_numpy(queries[here]).to(device) @ candidates.T
        if own is not None:
            products[torch.arange(len(products)), torch.tensor(own[here])] = -torch.inf
        best.append(_top(products, min(depth, len(pool))).cpu())
        ranks += _ranks(products, right[here])
    return Ranked(torch.cat(best).numpy(), ranks)


def _top(products: Tensor, depth: int) -> Tensor:
    """Return the best columns of each row; topk leaves the order of equal ones open."""
    columns = products.topk(depth, dim=1).indices.sort(dim=1).values
    order = products.gather(1, columns).sort(dim=1, descending=True, stable=True).indices
    return columns.gather(1, order)


def _ranks(products: Tensor, right: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the rank of each right candidate: one more than the number of better ones and of equal ones before it."""
    most = max(map(len, right), default=0)
    places = torch.tensor([[*rows, *[0] * (most - len(rows))] for rows in right], device=products.device).long()
    order = torch.arange(products.shape[1], device=products.device)
    counts = []
    for column in range(most):
        place = places[:, column : column + 1]
        score = products.gather(1, place)
        before = (products > score) | ((products == score) & (order < place))
        counts.append(before.sum(dim=1) + 1)
    table = torch.stack(counts, dim=1).tolist() if counts else [[]] * len(right)
    return [row[: len(rows)] for row, rows in zip(table, right, strict=True)]
