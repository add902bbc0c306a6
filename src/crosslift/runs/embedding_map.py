"""Two-dimensional maps of sentence embeddings, in which translations should be close."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from openTSNE import TSNE
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score

from crosslift.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

MAXIMUM_POINTS = 1000
"""Points of a map: more overlap, and take long to lay out."""
SEED = 0
"""Seed of the layout and of the choice of meanings, so that a report of the same runs is the same page."""

Floats = NDArray[np.float32]
Names = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Sentence vectors, shape (n, d), each with its language, meaning id and text.

    `dropped` counts sentences left out because their vector is not finite.
    """

    vectors: Floats
    languages: Names
    ids: Names
    texts: Names
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.vectors)

    def only(self, keep: NDArray[np.bool_]) -> Embeddings:
        """Return the sentences where `keep`, shape (n,), is true."""
        return Embeddings(self.vectors[keep], self.languages[keep], self.ids[keep], self.texts[keep], self.dropped)


@dataclass(frozen=True, slots=True)
class Map:
    """Two layouts of the same points, shape (n, 2) each, and how well they group.

    A silhouette is between -1 and 1 (Rousseeuw 1987), here by cosine distance of the full vectors: it is high by
    meaning if translations are close to each other, and high by language if sentences of one language are.
    """

    points: Embeddings
    tsne: Floats
    pca: Floats
    by_meaning: float
    by_language: float


def load(path: Path) -> Embeddings:
    """Read embeddings.npz; sentences whose vector is not finite are left out.

    Raises:
        InputError: the file is damaged, lacks an array, or its arrays differ in length.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            vectors = np.asarray(arrays["vectors"], dtype=np.float32)
            languages, ids, texts = (np.asarray(arrays[name], dtype=np.str_) for name in ("languages", "ids", "texts"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: incomplete: {error}; expected the arrays vectors, languages, ids and texts"
        ) from error
    if vectors.ndim != 2 or not len(vectors) == len(languages) == len(ids) == len(texts):
        raise InputError(
            f"{path}: vectors of shape {vectors.shape} with {len(languages)} languages, {len(ids)} ids and "
            f"{len(texts)} texts; expected (n, d) and n of each"
        )
    finite = np.asarray(np.isfinite(vectors).all(axis=1))
    return Embeddings(vectors, languages, ids, texts, dropped=int((~finite).sum())).only(finite)


def layout(embeddings: Embeddings) -> Map | None:
    """Lay out a sample of the meanings; None if there are fewer than ten vectors, or all are equal."""
    points = sample(embeddings, maximum=MAXIMUM_POINTS)
    if len(points) < 10 or np.allclose(points.vectors, points.vectors[:1]):
        return None
    unit = points.vectors / np.maximum(np.linalg.norm(points.vectors, axis=1, keepdims=True), 1e-12)
    return Map(
        points=points,
        tsne=_tsne(unit),
        pca=scaled(PCA(2, random_state=SEED).fit_transform(unit)),
        by_meaning=_silhouette(unit, points.ids),
        by_language=_silhouette(unit, points.languages),
    )


def sample(embeddings: Embeddings, *, maximum: int) -> Embeddings:
    """Return at most `maximum` sentences: complete meanings, each with all its translations."""
    if len(embeddings) <= maximum:
        return embeddings
    ids, counts = np.unique(embeddings.ids, return_counts=True)
    order = np.random.default_rng(SEED).permutation(len(ids))
    chosen = ids[order][np.cumsum(counts[order]) <= maximum]
    return embeddings.only(np.isin(embeddings.ids, chosen))


def _tsne(unit: Floats) -> Floats:
    # One thread and exact neighbours make the layout the same everywhere, up to rounding.
    fitted = TSNE(
        perplexity=min(30.0, (len(unit) - 1) / 3),
        initialization="pca",
        metric="cosine",
        neighbors="exact",
        negative_gradient_method="bh",
        n_jobs=1,
        random_state=SEED,
    ).fit(unit)
    return scaled(np.asarray(fitted))


def scaled(layout: NDArray[Any]) -> Floats:
    """Centre a layout and scale it to the square from -1 to 1; its axes have no unit."""
    centred = layout - layout.mean(axis=0)
    return np.asarray(centred / max(float(np.abs(centred).max()), 1e-12), dtype=np.float32)


def _silhouette(unit: Floats, labels: Names) -> float:
    groups = len(np.unique(labels))
    if not 2 <= groups < len(unit):
        return float("nan")
    return float(silhouette_score(unit, labels, metric="cosine"))
