"""Nearest neighbours in both directions, exact or by FAISS, whichever suits the size."""

from __future__ import annotations

from typing import Literal, get_args

import torch

from crosslift.choices import Search
from crosslift.encoder.device import default_device
from crosslift.errors import InputError, unknown
from crosslift.retrieval.exact import nearest_both_ways
from crosslift.retrieval.vectors import Neighbours, Vectors

EXACT_BELOW = 100_000
"""Size of the larger side up to which "auto" compares all pairs on a processor; an accelerator always does."""


def chosen(search: str, largest: int) -> Literal["exact", "faiss"]:
    """Return the search for neighbours among `largest` vectors.

    Raises:
        InputError: there is no such search.
    """
    match search:
        case "auto":
            exact = largest <= EXACT_BELOW or default_device().type != "cpu"
            return "exact" if exact else "faiss"
        case "exact":
            return "exact"
        case "faiss":
            return "faiss"
    raise InputError(unknown("search", search, get_args(Search)))


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
        first: (texts, hidden), normalized if cosines are meant.
        second: (other texts, hidden).
        count: neighbours per vector; fewer where the other side has fewer.
        search: "exact"; "faiss", approximate; "auto", exact up to `EXACT_BELOW` vectors or on an accelerator.
        block: number of vectors of a side that an exact search compares at a time; None suits the device.
        device: where an exact search compares blocks; None is the default device.

    Returns:
        (texts, count) and (other texts, count).

    Raises:
        InputError: no such search, or FAISS is needed and not installed.
    """
    if chosen(search, max(len(first), len(second))) == "faiss":
        from crosslift.retrieval.faiss import inverted_lists

        return inverted_lists(first, second, count), inverted_lists(second, first, count)
    return nearest_both_ways(first, second, count, block=block, device=device)
