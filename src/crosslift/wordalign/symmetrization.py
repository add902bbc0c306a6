"""Symmetrization of two directions: intersection, union, the grow-diag family as in Moses, one-to-one.

Source: Koehn et al. 2005, "Edinburgh System Description for the 2005 IWSLT Speech Translation Evaluation", section 3,
in the order in which Moses' symal visits links: by target word, then by source word.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import numpy as np

from crosslift.data.pairs import Links
from crosslift.errors import RecipeError, unknown
from crosslift.wordalign.kernels.symmetrize import CHOSEN, FORWARD, REVERSE, choose
from crosslift.wordalign.settings import Symmetrization

SYMMETRIZATIONS: tuple[Symmetrization, ...] = get_args(Symmetrization)


def symmetrize(
    forward: Iterable[tuple[int, int]],
    reverse: Iterable[tuple[int, int]],
    method: Symmetrization = "grow-diag-final-and",
) -> Links:
    """Return the links of one pair, sorted.

    Args:
        forward: (source word, target word) links in which each target word has chosen its source word.
        reverse: links in which each source word has chosen its target word, also as (source word, target word).
        method: intersection or union; grow-diag adds to the intersection those links of the union that are next to a
            link and reach a word without one, -final then adds links of one direction that reach such a word,
            -final-and only those between two such words; one-to-one is the intersection without links that share a
            word; forward and reverse are one direction only.

    Raises:
        RecipeError: no such method.

    >>> symmetrize([(0, 0), (1, 1)], [(0, 0), (1, 2)], "grow-diag")
    ((0, 0), (1, 1), (1, 2))
    """
    checked(method)
    sides = [list(forward), list(reverse)]
    both = sides[0] + sides[1]
    if not both:
        return ()
    grid = np.zeros((max(j for _, j in both) + 1, max(i for i, _ in both) + 1), np.uint8)
    for links, bit in zip(sides, (FORWARD, REVERSE), strict=True):
        for i, j in links:
            grid[j, i] |= bit
    choose(grid, SYMMETRIZATIONS.index(method))
    return tuple((int(i), int(j)) for i, j in np.argwhere(grid.T & CHOSEN))


def checked(method: str) -> int:
    """Return the index of a method.

    Raises:
        RecipeError: no such method.
    """
    if method not in SYMMETRIZATIONS:
        raise RecipeError(f"symmetrize: {unknown('method', method, SYMMETRIZATIONS)}")
    return SYMMETRIZATIONS.index(method)
