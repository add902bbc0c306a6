"""Numbering of word pairs: see `crosslift.wordalign.slots`."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def counting_sort(ids, places):
    """Return the places of each type, type by type; `places` is the start of each type, and is modified."""
    order = np.empty(len(ids), np.int64)
    for place in range(len(ids)):
        kind = ids[place]
        order[places[kind]] = place
        places[kind] += 1
    return order


@njit(cache=True)
def _grown(values):
    larger = np.empty(2 * len(values), values.dtype)
    larger[: len(values)] = values
    return larger


@njit(cache=True)
def number(order, starts, sentences, source_offsets, target, target_offsets, links, target_types, stream):
    """Fill `stream`; return the start of the slots of each source type, and the target type of each slot."""
    rows = np.zeros(len(starts), np.int64)
    targets = np.empty(1 << 16, np.int32)
    met = np.full(target_types, -1, np.int32)  # the source type at which a target type was last seen
    slot_of = np.empty(target_types, np.int32)
    slots = 0
    for kind in range(len(starts) - 1):
        for index in range(starts[kind], starts[kind + 1]):
            token = order[index]
            pair = sentences[token]
            first = target_offsets[pair]
            width = target_offsets[pair + 1] - first
            base = links[pair] + (token - source_offsets[pair]) * width
            for j in range(width):
                other = target[first + j]
                if met[other] != kind:
                    met[other] = kind
                    slot_of[other] = slots
                    if slots == len(targets):
                        targets = _grown(targets)
                    targets[slots] = other
                    slots += 1
                stream[base + j] = slot_of[other]
        rows[kind + 1] = slots
    return rows, targets[:slots].copy()


@njit(cache=True)
def group(order, starts, rows, targets, target_class, classes):
    """Return the class slot of each slot, the start of those of each source class, and their target classes."""
    stream = np.empty(len(targets), np.int32)
    class_rows = np.zeros(len(starts), np.int64)
    class_targets = np.empty(1 << 12, np.int32)
    met = np.full(classes, -1, np.int32)
    slot_of = np.empty(classes, np.int32)
    slots = 0
    for kind in range(len(starts) - 1):
        for index in range(starts[kind], starts[kind + 1]):
            word = order[index]
            for slot in range(rows[word], rows[word + 1]):
                other = target_class[targets[slot]]
                if met[other] != kind:
                    met[other] = kind
                    slot_of[other] = slots
                    if slots == len(class_targets):
                        class_targets = _grown(class_targets)
                    class_targets[slots] = other
                    slots += 1
                stream[slot] = slot_of[other]
        class_rows[kind + 1] = slots
    return stream, class_rows, class_targets[:slots].copy()
