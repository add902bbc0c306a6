"""Sentence vectors and their nearest neighbours, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32] | NDArray[np.float16]
"""(texts, hidden); half precision, even in a memory map, is cast block by block."""


@dataclass(frozen=True)
class Neighbours:
    """The nearest vectors of the other side for each vector, best first."""

    rows: NDArray[np.int64]
    """(queries, count): their rows on the other side."""
    scores: NDArray[np.float32]
    """(queries, count): inner products."""
