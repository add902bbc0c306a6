"""Maps of sentence vectors of some arms, for the page of a study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from crosslift.errors import InputError
from crosslift.studies.evidence import Evidence
from crosslift.studies.result import Map

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS = 320
"""Points of a map: forty meanings in eight languages.  Results are small, since repositories keep them."""
DIGITS = 3
"""Digits of a coordinate between -1 and 1: finer than a screen shows."""
LONGEST = 90
"""Characters of a text that are kept."""


def maps(found: Evidence, arms: Sequence[str]) -> list[Map]:
    """Return a map of each arm that kept its vectors, for its first seed on the first task that has any.

    Raises:
        InputError: openTSNE or scikit-learn is not installed.
    """
    kept = [(arm, *place) for arm in arms for place in list(_kept(found, arm))[:1]]
    if not kept:
        return []
    try:
        from crosslift.runs.embedding_map import layout, load, sample
    except ModuleNotFoundError as error:
        raise InputError(
            f"the study's maps need the package '{error.name}', which is not installed; to install it: pip install "
            "'crosslift[report]'"
        ) from error
    drawn = [(arm, seed, _stage(path), layout(sample(load(path), maximum=POINTS))) for arm, seed, path in kept]
    return [
        Map(
            arm=arm,
            stage=stage,
            seed=seed,
            languages=tuple(one.points.languages.tolist()),
            meanings=tuple(one.points.ids.tolist()),
            texts=tuple(text[:LONGEST] for text in one.points.texts.tolist()),
            tsne=_places(one.tsne),
            pca=_places(one.pca),
            silhouette_meaning=one.by_meaning,
            silhouette_language=one.by_language,
        )
        for arm, seed, stage, one in drawn
        if one is not None
    ]


def _kept(found: Evidence, arm: str) -> Iterator[tuple[int, Path]]:
    for task in found.tasks:
        for seed, directory in sorted(found.runs.get((arm, task), {}).items()):
            if (directory / "embeddings.npz").is_file():
                yield seed, directory / "embeddings.npz"


def _stage(path: Path) -> str:
    """Return the stage after which the vectors were saved."""
    with np.load(path, allow_pickle=False) as arrays:
        return str(arrays["stage"])


def _places(layout: NDArray[np.float32]) -> tuple[tuple[float, float], ...]:
    return tuple((round(float(x), DIGITS), round(float(y), DIGITS)) for x, y in layout)
