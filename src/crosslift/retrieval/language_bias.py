"""Language bias of a vector space: rank distance and embedding consistency of parallel sentences.

Both compare one space with another and mean little alone: rank distances grow with the pool.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from crosslift.retrieval.ranking import rank
from crosslift.retrieval.vectors import Vectors

Space = Mapping[str, Vectors]
"""(sentences, hidden) by language, normalized; row i means the same in every language."""


POOL = 4_000
"""Maximum number of vectors ranked, of all languages together."""


def distance(ranks: Sequence[int]) -> int:
    """Return the distance between the first and last rank of parallel candidates (Hu et al. 2024, arXiv 2408.10536).

    >>> distance([1, 9, 4])
    8
    """
    return max(ranks) - min(ranks)


def rank_distances(space: Space) -> dict[str, float]:
    """Return the mean rank distance of a query's translations in the pool of all languages, by language of the query.

    A query is not in its own pool.  With fewer than three languages there is nothing to compare.
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
    """Return 100 times the mean cosine of translations minus that of different sentences of one language.

    The latter is the mean of both languages over all pairs, so nothing is drawn at random.  The result is 100 where
    translations coincide and other sentences are orthogonal, and negative where the language outweighs the meaning.

    Args:
        first: (sentences, hidden), normalized.
        second: (sentences, hidden), their translations.
    """
    translations = float(np.mean(np.sum(first * second, axis=1, dtype=np.float64)))
    return 100 * (translations - (_others(first) + _others(second)) / 2)


def _others(vectors: Vectors) -> float:
    """Return the mean cosine of two different rows: all products minus those of rows with themselves."""
    count = len(vectors)
    total = vectors.sum(axis=0, dtype=np.float64)
    own = float(np.sum(vectors * vectors, dtype=np.float64))
    return (float(total @ total) - own) / (count * (count - 1)) if count > 1 else 0.0


def over_partners(space: Space, source: str, measure: Callable[[Vectors, Vectors], float]) -> dict[str, float]:
    """Return a measure between each target language and the source, or its mean over all other languages.

    Args:
        space: vectors by language.
        source: the language that each language is compared with, if it is in the space.
        measure: a symmetric measure of two languages' vectors (sentences, hidden).
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

    Where the source is not in the space, consistency is the mean over all other languages.
    """
    items = len(next(iter(space.values()), ()))
    rows = [("rank_distance", code, value) for code, value in rank_distances(space).items()]
    found = over_partners(space, source, consistency)
    rows += [("embedding_consistency", code, value) for code, value in found.items()]
    return [
        {"stage": stage, "language": code, "metric": metric, "value": value, "items": items}
        for metric, code, value in rows
    ]
