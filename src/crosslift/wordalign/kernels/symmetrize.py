"""Symmetrization: see `crosslift.wordalign.symmetrization`."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

FORWARD, REVERSE, CHOSEN = 1, 2, 4
"""Bits of a cell in a grid of links."""


@njit(cache=True, parallel=True)
def symmetrize_all(forward, reverse, source_offsets, target_offsets, method):
    """Symmetrize many pairs at once.

    Args:
        forward: (target tokens,) chosen source word of each, or -1.
        reverse: (source tokens,) chosen target word of each, or -1.
        source_offsets: (pairs + 1,) the start of each pair's source tokens.
        target_offsets: (pairs + 1,) the start of each pair's target tokens.
        method: index in SYMMETRIZATIONS.

    Returns:
        (links, 2) links by pair, source word and target word, and (pairs + 1,) the start of each pair's links.
    """
    pairs = len(source_offsets) - 1
    # No pair has more links than words; the links are made contiguous at the end.
    links = np.empty((len(forward) + len(reverse), 2), np.int32)
    made = np.zeros(pairs + 1, np.int64)
    for pair in prange(pairs):
        s0, t0 = source_offsets[pair], target_offsets[pair]
        made[pair + 1] = _one(
            forward[t0 : target_offsets[pair + 1]], reverse[s0 : source_offsets[pair + 1]], method, links[s0 + t0 :]
        )
    starts = np.cumsum(made)
    for pair in range(pairs):
        first = source_offsets[pair] + target_offsets[pair]
        for link in range(made[pair + 1]):
            to = starts[pair] + link
            links[to, 0], links[to, 1] = links[first + link, 0], links[first + link, 1]
    return links[: starts[-1]].copy(), starts


@njit(cache=True)
def _one(forward, reverse, method, links):
    """Write the links of one pair, and return their number."""
    columns, rows = len(forward), len(reverse)
    grid = np.zeros((columns, rows), np.uint8)
    for j in range(columns):
        if forward[j] >= 0:
            grid[j, forward[j]] |= FORWARD
    for i in range(rows):
        if reverse[i] >= 0:
            grid[reverse[i], i] |= REVERSE
    choose(grid, method)
    made = 0
    for i in range(rows):
        for j in range(columns):
            if grid[j, i] & CHOSEN:
                links[made, 0], links[made, 1] = i, j
                made += 1
    return made


@njit(cache=True)
def choose(grid, method):
    """Mark the chosen links of a (target, source) grid."""
    if method == 4:
        _mark(grid, FORWARD | REVERSE, False)
    elif method == 6 or method == 7:
        _mark(grid, FORWARD if method == 6 else REVERSE, True)
    else:
        _mark(grid, FORWARD | REVERSE, True)
    if method <= 2:
        _grow(grid, method)
    elif method == 5:
        _thin(grid)


@njit(cache=True)
def _mark(grid, bits, every):
    for j in range(grid.shape[0]):
        for i in range(grid.shape[1]):
            found = grid[j, i] & bits
            if found == bits or (found and not every):
                grid[j, i] |= CHOSEN


@njit(cache=True)
def _covered(grid):
    """Return which target words and which source words have a chosen link."""
    targets, sources = np.zeros(grid.shape[0], np.bool_), np.zeros(grid.shape[1], np.bool_)
    for j in range(grid.shape[0]):
        for i in range(grid.shape[1]):
            if grid[j, i] & CHOSEN:
                targets[j] = sources[i] = True
    return targets, sources


@njit(cache=True)
def _thin(grid):
    """Drop every chosen link whose row or column has another one."""
    chosen = (grid & CHOSEN) > 0
    for j in range(grid.shape[0]):
        for i in range(grid.shape[1]):
            if chosen[j, i] and chosen[j].sum() + chosen[:, i].sum() > 2:
                grid[j, i] &= FORWARD | REVERSE


@njit(cache=True)
def _grow(grid, method):
    columns, rows = grid.shape
    targets, sources = _covered(grid)
    added = True
    while added:
        added = False
        for j in range(columns):
            for i in range(rows):
                if not grid[j, i] & CHOSEN:
                    continue
                for across, down in ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)):
                    near, beside = j + across, i + down
                    if not (0 <= near < columns and 0 <= beside < rows) or not grid[near, beside]:
                        continue
                    if not (targets[near] and sources[beside]):
                        grid[near, beside] |= CHOSEN
                        targets[near] = sources[beside] = added = True
    if method == 2:
        return
    for direction in (FORWARD, REVERSE):
        for j in range(columns):
            for i in range(rows):
                if grid[j, i] != direction:
                    continue
                if (not targets[j] and not sources[i]) if method == 0 else not (targets[j] and sources[i]):
                    grid[j, i] |= CHOSEN
                    targets[j] = sources[i] = True
