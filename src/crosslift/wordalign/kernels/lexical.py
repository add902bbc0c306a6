"""The M-step: see `crosslift.wordalign.lexical`."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

FLOOR = 1e-15
"""Minimum probability of a word pair: that of a sentence pair must not be zero."""


@njit(cache=True)
def totals(counts, rows, targets, alpha, bonus, stem_of, stem_table, target_share, source_share, weight, target_types):
    """Return counts and pseudo-counts of each source and each target type."""
    by_source, by_target = np.zeros(len(rows) - 1), np.zeros(target_types)
    last, spelled, stemmed = counts.shape[1] - 1, len(bonus) > 0, len(stem_of) > 0
    for word in range(len(rows) - 1):
        total = 0.0
        for slot in range(rows[word], rows[word + 1]):
            other = targets[slot]
            # Not a separate function: passing arrays to one costs more than this code.
            forward = reverse = alpha + bonus[slot] if spelled else alpha
            if stemmed:
                forward += weight * stem_table[0, stem_of[slot]] * target_share[other]
                reverse += weight * stem_table[1, stem_of[slot]] * source_share[word]
            total += counts[slot, 0] + forward
            by_target[other] += counts[slot, last] + reverse
        by_source[word] = total
    return by_source, by_target


@njit(cache=True, parallel=True)
def fill(
    counts, rows, targets, alpha, bonus, stem_of, stem_table, target_share, source_share, weight, by_source, by_target,
    bayes, table,
):  # fmt: skip
    """Write the probabilities of each slot, forward and reverse, to `table`."""
    last, spelled, stemmed = counts.shape[1] - 1, len(bonus) > 0, len(stem_of) > 0
    source_scale, target_scale = np.empty(len(by_source)), np.empty(len(by_target))
    for word in range(len(by_source)):
        source_scale[word] = _inverse(by_source[word], bayes)
    for word in range(len(by_target)):
        target_scale[word] = _inverse(by_target[word], bayes)
    for word in prange(len(rows) - 1):
        for slot in range(rows[word], rows[word + 1]):
            other = targets[slot]
            forward = reverse = alpha + bonus[slot] if spelled else alpha
            if stemmed:
                forward += weight * stem_table[0, stem_of[slot]] * target_share[other]
                reverse += weight * stem_table[1, stem_of[slot]] * source_share[word]
            forward += counts[slot, 0]
            reverse += counts[slot, last]
            if bayes:
                forward, reverse = exp_digamma(forward), exp_digamma(reverse)
            table[slot, 0] = max(FLOOR, forward * source_scale[word])
            table[slot, 1] = max(FLOOR, reverse * target_scale[other])


@njit(cache=True)
def _inverse(total, bayes):
    value = exp_digamma(total) if bayes else total
    return 1 / value if value > 0 else 0.0


@njit(cache=True)
def exp_digamma(value):
    """Return exp(digamma(value)) with a relative error of 1e-8; 0 below 0.02, where it is less than 1e-21."""
    if value < 0.02:
        return 0.0
    shift = 0.0
    while value < 4:  # digamma(x) = digamma(x + 2) - 1 / x - 1 / (x + 1)
        shift -= (2 * value + 1) / (value * (value + 1))
        value += 2
    square = 1 / (value * value)
    return value * np.exp(
        shift - 0.5 / value - square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square / 240)))
    )


@njit(cache=True, parallel=True)
def likeness(rows, targets, heads, letters, ends, sources):
    """Return the similarity of each slot's words; `ends` is the end of each word's letters, source words first."""
    made = np.zeros(len(targets), np.float32)
    for word in prange(len(rows) - 1):
        start = ends[word - 1] if word else 0
        size = ends[word] - start
        for slot in range(rows[word], rows[word + 1]):
            other = sources + targets[slot]
            if heads[word] != heads[other]:
                continue
            begin = ends[other - 1]
            shorter = min(size, ends[other] - begin)
            same = 0
            while same < shorter and letters[start + same] == letters[begin + same]:
                same += 1
            made[slot] = same / max(size, ends[other] - begin)
    return made


@njit(cache=True)
def places(rows, targets, entry_rows, entry_targets, types):
    """Return the entry of each slot, or -1."""
    found = np.full(len(targets), -1, np.int64)
    met, place = np.full(types, -1, np.int64), np.empty(types, np.int64)
    for word in range(min(len(rows), len(entry_rows)) - 1):
        for entry in range(entry_rows[word], entry_rows[word + 1]):
            met[entry_targets[entry]], place[entry_targets[entry]] = word, entry
        for slot in range(rows[word], rows[word + 1]):
            if met[targets[slot]] == word:
                found[slot] = place[targets[slot]]
    return found
