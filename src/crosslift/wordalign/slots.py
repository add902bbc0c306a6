"""Slots: one number per pair of words that occur in the same sentence pair, and the stream of these numbers.

Numbering needs neither hashing nor sorting: links are visited by source type, and an array records when a target type
was last seen.  So the slots of a source type are contiguous, and an E-step streams over four bytes per link.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.wordalign.corpus import Corpus, Offsets, Side
from crosslift.wordalign.kernels import numbering as kernels


@dataclass(frozen=True)
class Slots:
    """Word pairs that occur together.

    Slots `rows[e]` to `rows[e + 1]` belong to source type e.
    """

    stream: NDArray[np.int32]
    """(links,): the slot of each possible link, in the order of `Corpus.links`."""
    rows: Offsets
    """(source types + 1,)."""
    targets: NDArray[np.int32]
    """(slots,): the target type of each slot."""

    def __len__(self) -> int:
        return len(self.targets)


def number(corpus: Corpus, source_types: int, target_types: int) -> Slots:
    """Number every co-occurring pair of types."""
    order, starts = _by_type(corpus.source.ids, source_types)
    links = corpus.links
    stream = np.empty(links[-1], np.int32)  # numpy allocates huge pages, numba does not
    rows, targets = kernels.number(
        order, starts, _sentences(corpus.source), corpus.source.offsets, corpus.target.ids, corpus.target.offsets,
        links, target_types, stream,
    )  # fmt: skip
    return Slots(stream, rows, targets)


def group(slots: Slots, source_class: NDArray[np.int32], target_class: NDArray[np.int32]) -> Slots:
    """Return the slots of classes of words, such as stems; the stream is the class slot of each slot, (slots,)."""
    order, starts = _by_type(source_class, int(source_class.max(initial=-1)) + 1)
    classes = int(target_class.max(initial=-1)) + 1
    return Slots(*kernels.group(order, starts, slots.rows, slots.targets, target_class, classes))


def _by_type(ids: NDArray[np.int32], types: int) -> tuple[NDArray[np.int64], Offsets]:
    """Return the places of each type, type by type, and the start of each type."""
    starts = np.zeros(types + 1, np.int64)
    np.cumsum(np.bincount(ids, minlength=types), out=starts[1:])
    return kernels.counting_sort(ids, starts[:-1].copy()), starts


def _sentences(side: Side) -> NDArray[np.int32]:
    return np.repeat(np.arange(len(side.offsets) - 1, dtype=np.int32), side.lengths)
