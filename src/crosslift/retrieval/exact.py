"""Exact nearest neighbours by inner product, in blocks.

In a search both ways, one product of two blocks serves both directions: its rows hold neighbours of the one side, its
columns of the other.  A block is sorted only where it holds something better than what was found before, which is
rare after the first few blocks.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from crosslift.encoder.device import default_device
from crosslift.retrieval.vectors import Neighbours, Vectors

BLOCKS = {"cpu": 1024}
"""Number of vectors of a side that are compared at a time, by device type: products that fit a processor's cache."""


ACCELERATOR_BLOCK = 8192


def nearest_neighbours(
    queries: Vectors, index: Vectors, count: int = 1, *, block: int | None = None, device: torch.device | None = None
) -> Neighbours:
    """Return the `count` rows of `index` with the highest inner products with each query.

    Of equal products the first is nearest where `count` is 1, as in FAISS's flat index.

    Args:
        queries: (queries, hidden).
        index: (texts, hidden).
        count: neighbours per query; fewer where `index` has fewer rows.
        block: number of vectors of a side that are compared at a time; None suits the device.
        device: where blocks are compared; None is the default device.

    Returns:
        (queries, count).
    """
    best = _Best(len(queries), min(count, len(index)))
    for start, rows in _blocks(queries, block, device):
        for place, columns in _blocks(index, block, device):
            best.add(start, place, rows @ columns.T)
    return best.found()


def nearest_both_ways(
    first: Vectors, second: Vectors, count: int, *, block: int | None = None, device: torch.device | None = None
) -> tuple[Neighbours, Neighbours]:
    """Return the neighbours of each vector of `first` in `second`, and of `second` in `first`.

    Args:
        first: (texts, hidden).
        second: (other texts, hidden).
        count: neighbours per vector; fewer where the other side has fewer.
        block: number of vectors of a side that are compared at a time; None suits the device.
        device: where blocks are compared; None is the default device.

    Returns:
        (texts, count) and (other texts, count).
    """
    forward, backward = _Best(len(first), min(count, len(second))), _Best(len(second), min(count, len(first)))
    for start, rows in _blocks(first, block, device):
        for place, columns in _blocks(second, block, device):
            products = rows @ columns.T
            forward.add(start, place, products)
            backward.add(place, start, products.T)
    return forward.found(), backward.found()


def _blocks(vectors: Vectors, block: int | None, device: torch.device | None) -> Iterator[tuple[int, Tensor]]:
    """Yield (first row, rows in single precision on the device)."""
    where = device or default_device()
    size = block or BLOCKS.get(where.type, ACCELERATOR_BLOCK)
    for start in range(0, len(vectors), size):
        rows = np.ascontiguousarray(vectors[start : start + size], dtype=np.float32)
        yield start, torch.from_numpy(rows).to(where)


class _Best:
    """The best rows found so far for each query, kept on the CPU."""

    def __init__(self, queries: int, count: int) -> None:
        self.scores = torch.full((queries, count), -torch.inf)
        self.rows = torch.zeros((queries, count), dtype=torch.int64)

    def add(self, start: int, place: int, products: Tensor) -> None:
        """Add products (queries, candidates) of the queries from `start` and the candidates from `place` on."""
        here = slice(start, start + len(products))
        better = (products.amax(dim=1).cpu() > self.scores[here, -1]).nonzero().squeeze(1)
        if len(better):
            rows = products if len(better) == len(products) else products[better.to(products.device)]
            scores, columns = self._top(rows)
            self._merge(better + start, scores.cpu(), columns.cpu() + place)

    def _top(self, products: Tensor) -> tuple[Tensor, Tensor]:
        """Return the best of each row; for a single one the first of equals, which topk does not promise."""
        count = min(self.scores.shape[1], products.shape[1])
        if count == 1:
            best = products.max(dim=1, keepdim=True)
            return best.values, best.indices
        top = products.contiguous().topk(count, dim=1)  # sorting a transposed one takes four times as long
        return top.values, top.indices

    def _merge(self, queries: Tensor, scores: Tensor, rows: Tensor) -> None:
        together = torch.cat((self.scores[queries], scores), dim=1)
        # Stable, so that of equal products the earlier one stays in front.
        order = together.sort(dim=1, descending=True, stable=True).indices[:, : self.scores.shape[1]]
        self.scores[queries] = together.gather(1, order)
        self.rows[queries] = torch.cat((self.rows[queries], rows), dim=1).gather(1, order)

    def found(self) -> Neighbours:
        """Return the rows and scores found, (queries, count)."""
        return Neighbours(self.rows.numpy(), self.scores.numpy())
