"""The pull toward the diagonal: see `crosslift.wordalign.diagonal`."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from crosslift.wordalign.kernels.expectation import longest_side


@njit(cache=True)
def expected_distance(tension, sources, targets, counts):
    """Return the sum over target words of the model's mean distance from the diagonal.

    Source positions before and after a target position are two geometric series, so prefix sums serve all positions.
    """
    total = 0.0
    done = 0
    longest = sources.max() + 1
    rise, rise_far, fall, fall_far = np.zeros(longest), np.zeros(longest), np.zeros(longest), np.zeros(longest)
    for index in range(len(counts)):
        rows, columns = sources[index], targets[index]
        if rows != done:
            done = rows
            for i in range(1, rows + 1):
                place = i / rows
                up = np.exp(tension * place)
                rise[i], rise_far[i] = rise[i - 1] + up, rise_far[i - 1] + up * place
                fall[i], fall_far[i] = fall[i - 1] + 1 / up, fall_far[i - 1] + place / up
        for j in range(1, columns + 1):
            place = j / columns
            before = j * rows // columns
            up = np.exp(tension * place)
            norm = rise[before] / up + (fall[rows] - fall[before]) * up
            distance = (place * rise[before] - rise_far[before]) / up
            distance += (fall_far[rows] - fall_far[before] - place * (fall[rows] - fall[before])) * up
            total += counts[index] * distance / norm
    return total


@njit(cache=True, fastmath=True)
def _by_column(block, row_rise, column_rise, null, p_null, out_null, chosen, decode, work):
    """Turn p(target | source) of a (source, target) block into posteriors, column by column.

    Returns the log-likelihood and the expected distance from the diagonal.
    """
    fall, place, mass, norm, far, best = work
    rows, columns = len(row_rise), len(column_rise)
    one = np.float32(1)
    for j in range(columns):
        fall[j] = one / column_rise[j]
        place[j] = np.float32(j) / np.float32(columns)  # not j + 1: see Diagonal
        mass[j] = norm[j] = far[j] = best[j] = 0
    for i in range(rows):
        up, down, here = row_rise[i], one / row_rise[i], np.float32(i + 1) / np.float32(rows)
        at = i * columns
        for j in range(columns):
            # exp(-tension * distance): one of its two factorizations is below 1
            near = min(up * fall[j], down * column_rise[j])
            value = block[at + j] * near
            block[at + j] = value
            mass[j] += value
            norm[j] += near
            far[j] += value * abs(here - place[j])
        if decode:
            for j in range(columns):
                if block[at + j] > best[j]:
                    best[j] = block[at + j]
                    chosen[j] = i
    likelihood = distance = 0.0
    for j in range(columns):
        scale = (one - p_null) / norm[j]
        empty = p_null * null[j]
        total = empty + scale * mass[j]
        likelihood += np.log(total)
        distance += scale * far[j] / total
        out_null[j] = empty / total
        if decode and scale * best[j] <= empty:
            chosen[j] = -1
        mass[j] = scale / total
    for i in range(rows):
        at = i * columns
        for j in range(columns):
            block[at + j] *= mass[j]
    return likelihood, distance


@njit(cache=True, fastmath=True)
def _by_row(block, row_rise, column_rise, null, p_null, out_null, chosen, decode, work):
    """Turn p(source | target) into posteriors likewise, row by row."""
    fall, place = work[0], work[1]
    rows, columns = len(row_rise), len(column_rise)
    one = np.float32(1)
    likelihood = distance = 0.0
    for j in range(columns):
        fall[j] = one / column_rise[j]
        place[j] = np.float32(j + 1) / np.float32(columns)
    for i in range(rows):
        up, down, here = row_rise[i], one / row_rise[i], np.float32(i) / np.float32(rows)
        at = i * columns
        mass = norm = far = np.float32(0)
        for j in range(columns):
            near = min(up * fall[j], down * column_rise[j])
            value = block[at + j] * near
            block[at + j] = value
            mass += value
            norm += near
            far += value * abs(here - place[j])
        scale = (one - p_null) / norm
        empty = p_null * null[i]
        total = empty + scale * mass
        likelihood += np.log(total)
        distance += scale * far / total
        out_null[i] = empty / total
        if decode:
            best, chosen[i] = np.float32(0), -1
            for j in range(columns):
                if block[at + j] > best:
                    best = block[at + j]
                    chosen[i] = j
            if scale * best <= empty:
                chosen[i] = -1
        scale /= total
        for j in range(columns):
            block[at + j] *= scale
    return likelihood, distance


@njit(cache=True, parallel=True, fastmath=True)
def expect(
    chunks, links, source, source_offsets, target, target_offsets, posteriors, out_null_source, out_null_target,
    statistics, likelihood, forward, reverse, decode, null_source, null_target, p_null, growth,
):  # fmt: skip
    """Fill the posteriors of a block, its choices if requested, and the expected distances from the diagonal.

    `growth` is (2, length and position) exp(tension * position / length), flat over the lower triangle.
    """
    base, source_base, target_base = links[chunks[0]], source_offsets[chunks[0]], target_offsets[chunks[0]]
    for chunk in prange(len(chunks) - 1):
        longest = longest_side(source_offsets, target_offsets, chunks[chunk], chunks[chunk + 1])
        room = np.empty((7, longest), np.float32)
        work = (room[0], room[1], room[2], room[3], room[4], room[5])
        null = room[6]
        moved_forward = moved_reverse = 0.0
        for pair in range(chunks[chunk], chunks[chunk + 1]):
            s0, s1, t0, t1 = (
                source_offsets[pair],
                source_offsets[pair + 1],
                target_offsets[pair],
                target_offsets[pair + 1],
            )
            rows, columns = s1 - s0, t1 - t0
            if rows == 0:
                continue
            row_rise, column_rise = rows * (rows - 1) // 2, columns * (columns - 1) // 2
            here, there = links[pair] - base, links[pair + 1] - base
            for j in range(columns):
                null[j] = null_target[target[t0 + j]]
            likelihood[pair, 0], moved = _by_column(
                posteriors[0, here:there], growth[0, row_rise : row_rise + rows],
                growth[0, column_rise : column_rise + columns], null, p_null,
                out_null_target[t0 - target_base : t1 - target_base], forward[t0:t1], decode, work,
            )  # fmt: skip
            moved_forward += moved
            for i in range(rows):
                null[i] = null_source[source[s0 + i]]
            likelihood[pair, 1], moved = _by_row(
                posteriors[1, here:there], growth[1, row_rise : row_rise + rows],
                growth[1, column_rise : column_rise + columns], null, p_null,
                out_null_source[s0 - source_base : s1 - source_base], reverse[s0:s1], decode, work,
            )  # fmt: skip
            moved_reverse += moved
        statistics[chunk, 0], statistics[chunk, 1] = moved_forward, moved_reverse
