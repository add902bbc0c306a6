"""The forward-backward algorithm: see `crosslift.wordalign.hmm`."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from crosslift.wordalign.kernels.expectation import longest_side

REACH = 40
"""Distance beyond which all jumps share one probability."""
UNIFORM = 0.2
"""Share of uniformly distributed jumps, as in GIZA++: a final full stop is far from the previous word."""


@njit(cache=True)
def tables(lengths, starts, steps, size):
    """Return the jump probabilities between all positions, for each length, end to end."""
    flat = np.zeros(size, np.float32)
    reach = len(steps) // 2
    for length in lengths:
        for here in range(length):
            norm = 0.0
            for there in range(length):
                norm += steps[min(reach, max(-reach, there - here)) + reach]
            for there in range(length):
                jump = steps[min(reach, max(-reach, there - here)) + reach]
                flat[starts[length] + here * length + there] = (1 - UNIFORM) * jump / norm + UNIFORM / length
    return flat


@njit(cache=True, fastmath=True)
def _forward_backward(emit, null, jumps, start, p_null, steps, states, counting, work):
    """Write posteriors of (step, state) to `after` and of the empty word to `empty`; return the log-likelihood.

    With `counting`, expected jumps, before multiplication by their probability, are added to `moves`, and first states
    to `first`.
    """
    ahead, after, empty, behind, inner, moves, first = work
    p_word = np.float32(1) - p_null
    rows = (states + 3) // 4 * 4
    likelihood = 0.0
    for j in range(steps):
        total = np.float32(0)
        if j == 0:
            for i in range(states):
                word = p_word * emit[0, i] * start[i]
                after[0, i] = word
                ahead[0, i] = word + p_null * null[0] * start[i]
                total += ahead[0, i]
        else:
            for i in range(states):
                inner[i] = 0
            for here in range(0, rows, 4):
                a, b, c, d = ahead[j - 1, here], ahead[j - 1, here + 1], ahead[j - 1, here + 2], ahead[j - 1, here + 3]
                for i in range(states):
                    inner[i] += (
                        a * jumps[here, i] + b * jumps[here + 1, i] + c * jumps[here + 2, i] + d * jumps[here + 3, i]
                    )
            stay = p_null * null[j]
            for i in range(states):
                word = p_word * emit[j, i] * inner[i]
                after[j, i] = word
                ahead[j, i] = word + stay * ahead[j - 1, i]
                total += ahead[j, i]
        likelihood += np.log(total)
        scale = np.float32(1) / total
        empty[j] = scale
        for i in range(states):
            ahead[j, i] *= scale
            after[j, i] *= scale
    for i in range(rows):
        behind[i] = 1
    for j in range(steps - 1, -1, -1):
        scale = empty[j]
        linked = np.float32(0)
        for i in range(states):
            inner[i] = p_word * emit[j, i] * behind[i] * scale
            after[j, i] *= behind[i]
            linked += after[j, i]
        empty[j] = max(np.float32(0), np.float32(1) - linked)
        if j == 0:
            if counting:
                for i in range(states):
                    first[i] += start[i] * inner[i]
            continue
        if counting:
            for here in range(states):
                a = ahead[j - 1, here]
                for i in range(states):
                    moves[here, i] += a * inner[i]
        stay = p_null * null[j] * scale
        for here in range(0, rows, 4):
            a = b = c = d = np.float32(0)
            for i in range(states):
                a += jumps[here, i] * inner[i]
                b += jumps[here + 1, i] * inner[i]
                c += jumps[here + 2, i] * inner[i]
                d += jumps[here + 3, i] * inner[i]
            behind[here] = a + stay * behind[here]
            behind[here + 1] = b + stay * behind[here + 1]
            behind[here + 2] = c + stay * behind[here + 2]
            behind[here + 3] = d + stay * behind[here + 3]
    return likelihood


@njit(cache=True)
def _start(starts, states, out):
    norm = np.float32(0)
    for i in range(states):
        out[i] = starts[min(i, len(starts) - 1)]
        norm += out[i]
    for i in range(states):
        out[i] /= norm


@njit(cache=True)
def _count(jumps, moves, first, states, steps, starts):
    """Add the moves of a sentence to the expected jumps, and clear them."""
    reach = len(steps) // 2
    for here in range(states):
        for there in range(states):
            learned = jumps[here, there] - UNIFORM / states
            steps[min(reach, max(-reach, there - here)) + reach] += learned * moves[here, there]
            moves[here, there] = 0
        starts[min(here, len(starts) - 1)] += first[here]
        first[here] = 0


@njit(cache=True)
def _decide(after, empty, steps, states, out):
    """Write the most probable state of each step to `out`, -1 where the empty word is more probable."""
    for j in range(steps):
        best, chosen = empty[j], -1
        for i in range(states):
            if after[j, i] > best:
                best, chosen = after[j, i], i
        out[j] = chosen


@njit(cache=True)
def _scratch(longest):
    """Return the arrays of `_forward_backward`, of zeros, because unused rows are multiplied by zero."""
    size = longest + 3
    return (
        np.zeros((longest, size), np.float32), np.zeros((longest, size), np.float32), np.zeros(longest, np.float32),
        np.zeros(size, np.float32), np.zeros(size, np.float32), np.zeros((longest, longest), np.float32),
        np.zeros(longest, np.float32),
    )  # fmt: skip


@njit(cache=True, parallel=True, fastmath=True)
def expect(
    chunks, links, source, source_offsets, target, target_offsets, posteriors, out_null_source, out_null_target,
    statistics, likelihood, forward, reverse, decode, null_source, null_target, p_null, jumps_f, jump_starts_f,
    jumps_r, jump_starts_r, starts, corpus_start, every, agreement,
):  # fmt: skip
    """Fill the posteriors of a block, its choices if requested, and the jumps of every `every`-th pair."""
    base = links[chunks[0]]
    source_base, target_base = source_offsets[chunks[0]], target_offsets[chunks[0]]
    reach2, reach1 = 2 * REACH + 1, REACH + 1
    for chunk in prange(len(chunks) - 1):
        longest = longest_side(source_offsets, target_offsets, chunks[chunk], chunks[chunk + 1])
        work_f, work_r = _scratch(longest), _scratch(longest)
        emit_f, emit_r = np.empty((longest, longest), np.float32), np.empty((longest, longest), np.float32)
        null_f, null_r, start = np.empty((3, longest), np.float32)
        counts = statistics[chunk]
        counts[:] = 0
        for pair in range(chunks[chunk], chunks[chunk + 1]):
            s0, t0 = source_offsets[pair], target_offsets[pair]
            rows, columns = source_offsets[pair + 1] - s0, target_offsets[pair + 1] - t0
            if rows == 0:
                continue
            at = links[pair] - base
            for i in range(rows):
                null_r[i] = null_source[source[s0 + i]]
                for j in range(columns):
                    emit_f[j, i] = posteriors[0, at + i * columns + j]
                    emit_r[i, j] = posteriors[1, at + i * columns + j]
            for j in range(columns):
                null_f[j] = null_target[target[t0 + j]]
            counting = (corpus_start + pair) % every == 0
            a, b = jump_starts_f[rows], jump_starts_r[columns]
            matrix_f = jumps_f[a : a + (rows + 3) // 4 * 4 * rows].reshape((rows + 3) // 4 * 4, rows)
            matrix_r = jumps_r[b : b + (columns + 3) // 4 * 4 * columns].reshape((columns + 3) // 4 * 4, columns)
            _start(starts[0], rows, start)
            likelihood[pair, 0] = _forward_backward(
                emit_f, null_f, matrix_f, start, p_null, columns, rows, counting, work_f
            )
            _start(starts[1], columns, start)
            likelihood[pair, 1] = _forward_backward(
                emit_r, null_r, matrix_r, start, p_null, rows, columns, counting, work_r
            )
            if counting:
                _count(matrix_f, work_f[5], work_f[6], rows, counts[:reach2], counts[2 * reach2 : 2 * reach2 + reach1])
                _count(
                    matrix_r, work_r[5], work_r[6], columns, counts[reach2 : 2 * reach2], counts[2 * reach2 + reach1 :]
                )
            if decode:
                _decide(work_f[1], work_f[2], columns, rows, forward[t0:])
                _decide(work_r[1], work_r[2], rows, columns, reverse[s0:])
            for j in range(columns):
                out_null_target[t0 + j - target_base] = work_f[2][j]
            for i in range(rows):
                out_null_source[s0 + i - source_base] = work_r[2][i]
                to = at + i * columns
                for j in range(columns):
                    if not agreement:
                        posteriors[0, to + j] = work_f[1][j, i]
                        posteriors[1, to + j] = work_r[1][i, j]
                    else:
                        posteriors[0, to + j] = work_f[1][j, i] * work_r[1][i, j]
