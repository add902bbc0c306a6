"""Does a space put the language before the meaning?  Rank distance and embedding consistency of parallel sentences.

Both compare one space with another and mean little alone: rank distances grow with the pool.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.retrieval.ranking import rank

Vectors = NDArray[np.float32]


Space = Mapping[str, Vectors]
"""(sentences, hidden) by language, normalised; row i means the same in every language."""


POOL = 4_000
"""Vectors of all languages together that are ranked, at most."""


def distance(ranks: Sequence[int]) -> int:
    """Return how far apart the first and the last of parallel candidates stand (Hu et al. 2024, arXiv 2408.10536).

    >>> distance([1, 9, 4])
    8
    """
    return max(ranks) - min(ranks)


def rank_distances(space: Space) -> dict[str, float]:
    """Return per language of the query the mean distance of its translations in the pool of all languages.

    The query's own vector is not in its pool.  With fewer than three languages there is nothing to compare.
    """
    languages = list(space)
    if len(languages) < 3:
        return {}
    count = min(len(space[languages[0]]), max(1, POOL // len(languages)))
    pool = np.concatenate([space[code][:count] for code in languages])
    means = {}
    for place, code in enumerate(languages):
        own = range(place * count, (place + 1) * count)
        right = [[other * count + i for other in range(len(languages)) if other != place] for i in range(count)]
        ranked = rank(pool[own.start : own.stop], pool, right, depth=1, own=own)
        means[code] = float(np.mean([distance(ranks) for ranks in ranked.ranks]))
    return means


def consistency(first: Vectors, second: Vectors) -> float:
    """Return 100 times the mean cosine of translations less that of different sentences of one language.

    The latter is the mean of both languages over all pairs, so nothing is drawn at random; 100 where translations
    coincide and other sentences are at right angles, below 0 where the language outweighs the meaning.
    """
    translations = float(np.mean(np.sum(first * second, axis=1, dtype=np.float64)))
    return 100 * (translations - (_others(first) + _others(second)) / 2)


def _others(vectors: Vectors) -> float:
    """Return the mean cosine of two different rows: all products less those of rows with themselves."""
    count = len(vectors)
    total = vectors.sum(axis=0, dtype=np.float64)
    own = float(np.sum(vectors * vectors, dtype=np.float64))
    return (float(total @ total) - own) / (count * (count - 1)) if count > 1 else 0.0


def over_partners(space: Space, source: str, measure: Callable[[Vectors, Vectors], float]) -> dict[str, float]:
    """Return per target language what is measured between it and the source, or the mean over all other languages.

    Args:
        space: vectors by language.
        source: whose vectors each language is compared with, if it is in the space.
        measure: symmetric in its two spaces.
    """
    languages = list(space)
    pairs = [(source, code) for code in languages if code != source]
    if source not in space:
        pairs = list(combinations(languages, 2))
    values = {pair: measure(space[pair[0]], space[pair[1]]) for pair in pairs}
    own = {code: [value for pair, value in values.items() if code in pair] for code in languages if code != source}
    return {code: float(np.mean(found)) for code, found in own.items() if found}


def bias_rows(space: Space, source: str, stage: str) -> list[dict[str, Any]]:
    """Return the rows of results.json: rank distance by query language, consistency with the source by target language.

    Where the source is not in the space, consistency is with each of the other languages, averaged.
    """
    items = len(next(iter(space.values()), ()))
    rows = [("rank_distance", code, value) for code, value in rank_distances(space).items()]
    found = over_partners(space, source, consistency)
    rows += [("embedding_consistency", code, value) for code, value in found.items()]
    return [
        {"stage": stage, "language": code, "metric": metric, "value": value, "items": items}
        for metric, code, value in rows
    ]
