"""Approximate nearest neighbours: FAISS's inverted lists, for sides too large to compare all pairs.

Each list holds the vectors around one centre; a query searches the lists whose centres are nearest to it.
Library: douze-etal-2024-faiss.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import InputError
from crosslift.retrieval.exact import nearest_neighbours
from crosslift.retrieval.vectors import Neighbours, Vectors

TRAINING = 256
"""Maximum number of training vectors per list: all of a million; centres of fewer vectors miss many neighbours."""


PROBES = 128
"""Number of lists searched per query: of 100 neighbours in real text 32 miss 20, 128 miss 4 to 8 (docs/results.md)."""


_CHUNK = 65_536
"""Number of vectors that are cast and passed on at a time."""


class SinglePrecision:
    """Vectors in single precision, cast and moved to another origin when they are read."""

    def __init__(self, vectors: Vectors, origin: NDArray[np.float32] | None = None) -> None:
        self.vectors, self.origin = vectors, origin
        self.shape, self.nbytes = vectors.shape, vectors.nbytes

    def __len__(self) -> int:
        return len(self.vectors)

    def __getitem__(self, rows: Any) -> NDArray[np.float32]:
        taken = np.ascontiguousarray(self.vectors[rows], dtype=np.float32)
        return taken if self.origin is None else taken - self.origin

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """Yield all rows in chunks of shape (rows, hidden)."""
        return (self[start : start + _CHUNK] for start in range(0, len(self), _CHUNK))


def inverted_lists(
    queries: Vectors, index: Vectors, count: int, *, lists: int | None = None, probes: int = PROBES, seed: int = 0
) -> Neighbours:
    """Return for each query about the `count` rows of `index` with the highest inner products, best first.

    The mean of all vectors of `index` does not help to rank them, but would draw them into a few large lists; so it is
    subtracted, and its products are added again.  The index has half precision: with two sides of a million vectors it
    stays within a few gigabytes.

    Args:
        queries: (texts, hidden).
        index: (other texts, hidden).
        count: neighbours per query; fewer where `index` has fewer.
        lists: number of lists; None is four times the square root of the number of vectors.
        probes: number of lists searched per query; all of them make the search exact up to rounding.
        seed: seed of the choice of training vectors.

    Returns:
        (texts, count).

    Raises:
        InputError: FAISS is not installed.
    """
    faiss = _library()
    lists = min(lists or int(4 * len(index) ** 0.5), len(index))
    common = index.mean(axis=0, dtype=np.float64).astype(np.float32)
    built = built_index(faiss, SinglePrecision(index, common), lists, seed)
    built.nprobe = min(probes, lists)
    found = _searched(built, SinglePrecision(queries), min(count, len(index)))
    found.scores[:] += np.concatenate([chunk @ common for chunk in SinglePrecision(queries).chunks()])[:, None]
    return _complete(found, queries, index)


def _library() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise InputError(
            'a nearest-neighbour search of this size needs FAISS: pip install "crosslift[faiss]"'
            '; or choose the search "exact", which compares all pairs'
        ) from error
    return faiss


def built_index(faiss: Any, index: SinglePrecision, lists: int, seed: int) -> Any:
    """Return an inverted-list index of FAISS, trained on `index` and holding its vectors, shape (texts, hidden)."""
    width = index.shape[1]
    half, product = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    built = faiss.IndexIVFScalarQuantizer(faiss.IndexFlatIP(width), width, lists, half, product)
    built.by_residual = False  # differences from centres suit distances, not products
    built.cp.seed = seed
    built.cp.min_points_per_centroid = 1
    built.cp.spherical = True  # otherwise the longest centres draw most vectors
    size = min(len(index), TRAINING * lists)
    built.train(index[np.sort(np.random.default_rng(seed).choice(len(index), size, replace=False))])
    for chunk in index.chunks():
        built.add(chunk)
    return built


def _searched(built: Any, queries: SinglePrecision, count: int) -> Neighbours:
    """Compare each list with all queries that search it, in one product of matrices.

    This is FAISS's `big_batch_search` without the line that it prints for every list.
    """
    contrib: Any = importlib.import_module("faiss.contrib.big_batch_search")  # has no types
    search, computer = contrib.BigBatchSearcher(built, queries, count), contrib.BlockComputer(built)
    search.decode_func, search.by_residual = computer.decode_func, computer.by_residual
    search.coarse_quantization()
    search.reorder_assign()
    for one in range(built.nlist):
        asking, vectors, rows, candidates = search.prepare_bucket(one)
        scores, places = computer.block_search(vectors, candidates, rows, count)
        search.add_results_to_heap(asking, scores, rows, places)
    search.rh.finalize()
    return Neighbours(search.rh.I, search.rh.D)


def _complete(found: Neighbours, queries: Vectors, index: Vectors) -> Neighbours:
    """Compare queries whose lists hold too few vectors, which FAISS marks with -1, with the whole index."""
    lacking = np.flatnonzero((found.rows < 0).any(axis=1))
    if len(lacking):
        exact = nearest_neighbours(queries[lacking], index, found.rows.shape[1])
        found.rows[lacking], found.scores[lacking] = exact.rows, exact.scores
    return found
