"""Counting: see `crosslift.wordalign.expectation`."""

from __future__ import annotations

from numba import njit, prange


@njit(cache=True, parallel=True)
def fetch(edges, stream, table, out):
    """Write the probabilities of each link, forward and reverse, to `out`."""
    for chunk in prange(len(edges) - 1):
        for link in range(edges[chunk], edges[chunk + 1]):
            slot = stream[link]
            out[0, link] = table[slot, 0]
            out[1, link] = table[slot, 1]


@njit(cache=True, parallel=True)
def count(first, last, source, source_offsets, target_offsets, stream, posteriors, owners, parts, counts):
    """Add the posteriors of pairs `first` to `last` to their counts, each thread for its own source words."""
    apart = counts.shape[1] == 2
    for part in prange(parts):
        start = 0
        for pair in range(first, last):
            columns = target_offsets[pair + 1] - target_offsets[pair]
            for token in range(source_offsets[pair], source_offsets[pair + 1]):
                if parts == 1 or owners[source[token]] == part:
                    for link in range(start, start + columns):
                        slot = stream[link]
                        counts[slot, 0] += posteriors[0, link]
                        if apart:
                            counts[slot, 1] += posteriors[1, link]
                start += columns


@njit(cache=True)
def add_tokens(ids, values, sums):
    """Add the value of each token to the sum of its type."""
    for index in range(len(ids)):
        sums[ids[index]] += values[index]


@njit(cache=True)
def longest_side(source_offsets, target_offsets, first, last):
    """Return the number of tokens of the longest sentence of pairs `first` to `last` on either side, at least 1."""
    longest = 1
    for pair in range(first, last):
        rows, columns = source_offsets[pair + 1] - source_offsets[pair], target_offsets[pair + 1] - target_offsets[pair]
        longest = max(longest, rows, columns)
    return longest
