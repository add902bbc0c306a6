"""Nearest neighbours in both directions, exact or by FAISS, whichever suits the size."""

from __future__ import annotations

from typing import Literal

import torch

from crosslift.encoder.device import default_device
from crosslift.errors import InputError, unknown
from crosslift.retrieval.exact import Best, blocks
from crosslift.retrieval.vectors import Neighbours, Vectors

Search = Literal["auto", "exact", "faiss"]


SEARCHES = ("auto", "exact", "faiss")


EXACT_BELOW = 100_000
"""Vectors of the larger side up to which "auto" compares all pairs on a processor; an accelerator always does."""


def chosen(search: str, largest: int) -> Literal["exact", "faiss"]:
    """Return how neighbours among so many vectors are looked for.

    Raises:
        InputError: `search` is none of `SEARCHES`.
    """
    match search:
        case "auto":
            exact = largest <= EXACT_BELOW or default_device().type != "cpu"
            return "exact" if exact else "faiss"
        case "exact":
            return "exact"
        case "faiss":
            return "faiss"
    raise InputError(unknown("search", search, SEARCHES))


def both_ways(
    first: Vectors,
    second: Vectors,
    count: int,
    *,
    search: str = "auto",
    block: int | None = None,
    device: torch.device | None = None,
) -> tuple[Neighbours, Neighbours]:
    """Return the neighbours of each vector of `first` in `second`, and of `second` in `first`.

    Args:
        first: (texts, hidden), normalised if cosines are meant.
        second: (other texts, hidden).
        count: neighbours a vector; fewer where the other side has fewer.
        search: "exact"; "faiss", approximate; "auto", exact up to `EXACT_BELOW` vectors or on an accelerator.
        block: vectors of a side that are compared at a time; None suits the device.
        device: where blocks are compared; None is the default device.

    Raises:
        InputError: no such search, or FAISS is to be used and not installed.
    """
    if chosen(search, max(len(first), len(second))) == "faiss":
        from crosslift.retrieval.faiss import inverted_lists

        return inverted_lists(first, second, count), inverted_lists(second, first, count)
    forward, backward = Best(len(first), min(count, len(second))), Best(len(second), min(count, len(first)))
    for start, rows in blocks(first, block, device):
        for place, columns in blocks(second, block, device):
            products = rows @ columns.T
            forward.add(start, place, products)
            backward.add(place, start, products.T)
    return forward.found(), backward.found()
