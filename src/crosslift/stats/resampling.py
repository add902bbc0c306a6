"""Resampling of test items, or swapping of them between two systems: sums of their counts by matrix products.

A metric is a function of counts summed over items, so a draw is a vector of weights, one per item, and all draws
are one product of weights and counts.  Items of several tables (languages) that are translations of each other
share their weights: an item that happens to be easy is easy in all of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]
BLOCK = 4_000_000
"""Weights held at once."""
FEW_ITEMS = 12
"""Items of which all subsets are tried."""


@dataclass(frozen=True)
class Table:
    """Counts of the items of one language.

    Args:
        places: number of each item among all items, shape (rows,).
        counts: what is summed, shape (rows, columns).
    """

    places: NDArray[np.intp]
    counts: NDArray[np.float32]


def bootstrap_sums(
    tables: Sequence[Table], items: int, *, draws: int, generator: np.random.Generator
) -> list[NDArray[np.float32]]:
    """Return for each table the sums over `draws` bootstrap samples of `items` items, shape (draws, columns).

    Efron 1979: each sample draws as many items as there are, with replacement.  All tables see the same samples.
    """

    def weights(count: int) -> Weights:
        drawn = generator.integers(items, size=(count, items))
        drawn += np.arange(count)[:, None] * items  # so that one count over all does
        return np.bincount(drawn.ravel(), minlength=count * items).reshape(count, items).astype(np.float32)

    return _sums(tables, _blocks(weights, items, draws))


def swap_sums(
    tables: Sequence[Table], items: int, *, draws: int, generator: np.random.Generator
) -> tuple[list[NDArray[np.float32]], bool]:
    """Return per table the sums over random subsets of the items, shape (draws, columns), and whether all were tried.

    An item is in a subset with probability 1/2; of few items, every subset is there once.
    """
    if items <= FEW_ITEMS:
        subsets = np.array(list(itertools.product((0, 1), repeat=items)), dtype=np.float32)
        return _sums(tables, iter([subsets])), True

    def weights(count: int) -> Weights:
        return generator.integers(2, size=(count, items), dtype=np.int8).astype(np.float32)

    return _sums(tables, _blocks(weights, items, draws)), False


def _blocks(weights: Callable[[int], Weights], items: int, draws: int) -> Iterator[Weights]:
    size = max(1, BLOCK // max(1, items))
    for start in range(0, draws, size):
        yield weights(min(size, draws - start))


def _sums(tables: Sequence[Table], blocks: Iterator[Weights]) -> list[NDArray[np.float32]]:
    found: list[list[NDArray[np.float32]]] = [[] for _ in tables]
    for weights in blocks:
        for sums, table in zip(found, tables, strict=True):
            sums.append(_columns(weights, table.places) @ table.counts)
    return [np.concatenate(sums) for sums in found]


def _columns(weights: Weights, places: NDArray[np.intp]) -> Weights:
    """Return the weights of some items; of all in order, without a copy."""
    if len(places) == weights.shape[1] and (places == np.arange(len(places))).all():
        return weights
    return weights[:, places]
