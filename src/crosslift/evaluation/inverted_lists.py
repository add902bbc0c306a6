"""Approximate nearest neighbours: FAISS's inverted lists, for sides too large to compare all pairs.

Each list holds the vectors around one centre; a query looks through the lists whose centres are nearest to it.
Library: douze-etal-2024-faiss.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from crosslift.errors import InputError
from crosslift.evaluation.neighbours import Neighbours, Vectors, nearest_neighbours

TRAINING = 64
"""Vectors a list that its centre is made of, at most."""
PROBES = 32
"""Lists that a query looks through."""
_CHUNK = 65_536
"""Vectors that are cast and handed over at a time."""


def inverted_lists(
    queries: Vectors, index: Vectors, count: int, *, lists: int | None = None, probes: int = PROBES, seed: int = 0
) -> Neighbours:
    """Return for each query about the `count` rows of `index` with the highest inner products, best first.

    The index keeps vectors in half precision, so two sides of a million and it stay within a few gigabytes.

    Args:
        queries: (texts, hidden).
        index: (other texts, hidden).
        count: neighbours a query; fewer where `index` has fewer.
        lists: how many lists; None is four times the square root of the vectors.
        probes: lists that a query looks through; all of them make it exact but for rounding.
        seed: draws the vectors that the centres are made of.

    Raises:
        InputError: FAISS is not installed.
    """
    faiss = _library()
    lists = min(lists or int(4 * len(index) ** 0.5), len(index))
    built = _built(faiss, index, lists, seed)
    built.nprobe = min(probes, lists)
    count = min(count, len(index))
    rows = np.empty((len(queries), count), dtype=np.int64)
    scores = np.empty((len(queries), count), dtype=np.float32)
    for start in range(0, len(queries), _CHUNK):
        here = slice(start, start + _CHUNK)
        scores[here], rows[here] = built.search(_single(queries[here]), count)
    return _complete(Neighbours(rows, scores), queries, index)


def _library() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise InputError(
            'neighbours of so many sentences are looked for with FAISS; install it with: pip install "crosslift[faiss]"'
            ', or choose the search "exact", which compares all pairs'
        ) from error
    return faiss


def _built(faiss: Any, index: Vectors, lists: int, seed: int) -> Any:
    width = index.shape[1]
    kind, product = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    built = faiss.IndexIVFScalarQuantizer(faiss.IndexFlatIP(width), width, lists, kind, product)
    size = min(len(index), TRAINING * lists)
    drawn = np.sort(np.random.default_rng(seed).choice(len(index), size, replace=False))
    built.cp.seed = seed
    built.cp.min_points_per_centroid = 1
    built.train(_single(index[drawn]))
    for start in range(0, len(index), _CHUNK):
        built.add(_single(index[start : start + _CHUNK]))
    return built


def _single(vectors: Vectors) -> Any:
    return np.ascontiguousarray(vectors, dtype=np.float32)


def _complete(found: Neighbours, queries: Vectors, index: Vectors) -> Neighbours:
    """Compare queries whose lists held too few, which FAISS marks with -1, with everything."""
    lacking = np.flatnonzero((found.rows < 0).any(axis=1))
    if len(lacking):
        exact = nearest_neighbours(queries[lacking], index, found.rows.shape[1])
        found.rows[lacking], found.scores[lacking] = exact.rows, exact.scores
    return found
