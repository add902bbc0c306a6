"""Maps of sentence embeddings in which translations should meet."""

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
"""More are a blot on the page, and slow to lay out."""
SEED = 0
"""Of the layout and of the choice of meanings: a report of the same runs is the same page."""

Floats = NDArray[np.float32]
Names = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Sentence vectors, shape (n, d), with the language, the meaning id and the text of each.

    `dropped` counts sentences that were left out because their vector was not finite.
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

    A silhouette is between -1 and 1 (Rousseeuw 1987), here by cosine distance of the full vectors: high by
    meaning says that translations lie together, high by language that languages do.
    """

    points: Embeddings
    tsne: Floats
    pca: Floats
    by_meaning: float
    by_language: float


def load(path: Path) -> Embeddings:
    """Read ``embeddings.npz``; sentences whose vector is not finite are left out.

    Raises:
        InputError: the file is damaged, lacks an array, or its arrays differ in length.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            vectors = np.asarray(arrays["vectors"], dtype=np.float32)
            languages, ids, texts = (np.asarray(arrays[name], dtype=np.str_) for name in ("languages", "ids", "texts"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: not whole: {error}; expected the arrays vectors, languages, ids and texts"
        ) from error
    if vectors.ndim != 2 or not len(vectors) == len(languages) == len(ids) == len(texts):
        raise InputError(
            f"{path}: vectors of shape {vectors.shape} with {len(languages)} languages, {len(ids)} ids and "
            f"{len(texts)} texts; expected (n, d) and n of each"
        )
    finite = np.asarray(np.isfinite(vectors).all(axis=1))
    return Embeddings(vectors, languages, ids, texts, dropped=int((~finite).sum())).only(finite)


def layout(embeddings: Embeddings) -> Map | None:
    """Lay out a sample of the meanings, or return None for fewer than ten or all equal vectors."""
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
    """Return at most `maximum` sentences: whole meanings, each with all of its translations."""
    if len(embeddings) <= maximum:
        return embeddings
    ids, counts = np.unique(embeddings.ids, return_counts=True)
    order = np.random.default_rng(SEED).permutation(len(ids))
    chosen = ids[order][np.cumsum(counts[order]) <= maximum]
    return embeddings.only(np.isin(embeddings.ids, chosen))


def _tsne(unit: Floats) -> Floats:
    # One thread and exact neighbours: the layout is then the same everywhere, to rounding.
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
    """Centre a layout and scale it to the square from -1 to 1; the axes of neither method have a unit."""
    centred = layout - layout.mean(axis=0)
    return np.asarray(centred / max(float(np.abs(centred).max()), 1e-12), dtype=np.float32)


def _silhouette(unit: Floats, labels: Names) -> float:
    groups = len(np.unique(labels))
    if not 2 <= groups < len(unit):
        return float("nan")
    return float(silhouette_score(unit, labels, metric="cosine"))
