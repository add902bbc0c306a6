"""Lexicons made from word vectors: map one language's space onto another's, take nearest neighbours.

Noise is a dial here, on the vectors and on the map, and the precision of what comes out says how much noise it is.
Imports no torch.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.data.lexicon import Lexicon
from crosslift.data.word_vectors import Matrix, WordVectors, unit
from crosslift.errors import DataError

log = logging.getLogger(__name__)

_ROWS = 4_096
"""Source words compared at a time with all target words."""


@dataclass(frozen=True)
class Noise:
    """How bad the cross-lingual vectors are made.

    `vectors` is sigma in v + sigma * n, n ~ N(0, I / dimensions); `mapping` is the Frobenius norm of what is added to
    the map.
    """

    vectors: float = 0.0
    mapping: float = 0.0


def procrustes(source: Matrix, target: Matrix) -> Matrix:
    """Return the orthogonal W that minimises ``|source @ W - target|``, row i of both being translations.

    ``W = U V'`` of the singular value decomposition ``source' target = U S V'``.

    Source: Schönemann 1966; for word vectors Xing et al. 2015 and Conneau et al. 2018, arXiv 1710.04087, equation 2.
    """
    left, _, right = np.linalg.svd(source.T @ target)
    return np.asarray(left @ right, dtype=np.float32)


def with_error(mapping: Matrix, norm: float, *, rng: np.random.Generator) -> Matrix:
    """Return the map plus a random matrix of Frobenius norm `norm`: the map of a bad seed lexicon."""
    error = rng.standard_normal(mapping.shape)
    return (mapping + norm * error / np.linalg.norm(error)).astype(np.float32)


def csls(source: Matrix, target: Matrix, *, neighbours: int = 10) -> Matrix:
    """Return cross-domain similarity local scaling, (source words, target words).

    ``2 cos(x, y) - r(x) - r(y)``, with r the mean cosine to the nearest `neighbours` words of the other language: a
    word that is near to everything is near to nothing.

    Source: Conneau et al. 2018, arXiv 1710.04087, equation 3.
    """
    source, target = unit(source), unit(target)
    cosines = source @ target.T
    crowding = _nearness(cosines, neighbours)[:, None] + _nearness(cosines.T, neighbours)[None, :]
    return (2 * cosines - crowding).astype(np.float32)


def induce(
    vectors: Mapping[str, WordVectors],
    seeds: Lexicon,
    *,
    translations: int = 1,
    min_similarity: float | None = None,
    noise: Noise | None = None,
    neighbours: int = 10,
    seed: int = 0,
) -> Lexicon:
    """Return the lexicon of nearest neighbours by CSLS, after mapping the source language onto each target language.

    Args:
        vectors: of the source language of `seeds` and of its target languages, each a space of its own.
        seeds: known translations that the maps are fitted to.
        translations: neighbours that become translations of a word, nearest first.
        min_similarity: the cosine that a neighbour must exceed; None: any.
        noise: put on the source vectors and on the maps.
        neighbours: words that CSLS averages over.
        seed: of the noise.

    Raises:
        DataError: no seed pair has two vectors.
    """
    noise = noise or Noise()
    source = vectors[seeds.source].normalised()
    pairs: dict[str, list[tuple[str, str]]] = {language: [] for language in seeds.languages}
    for number, language in enumerate(seeds.languages):
        target = vectors[language].normalised()
        known = _with_vectors(seeds, language, source, target)
        if not known:
            log.warning("no seed pair of %s-%s has two vectors; no word is translated", seeds.source, language)
            continue
        rng = np.random.default_rng((seed, number))
        fitted = procrustes(source.rows([word for word, _ in known]), target.rows([other for _, other in known]))
        mapping = with_error(fitted, noise.mapping, rng=rng)
        mapped = WordVectors(source.words, source.noisy(noise.vectors, rng=rng).matrix @ mapping)
        pairs[language] = _nearest(mapped, target, translations, min_similarity, neighbours)
    if not any(pairs.values()):
        raise DataError(
            f"no pair of the seed lexicon ({seeds}) has a vector on both sides, so no language can be mapped; the "
            "vectors must be of the same languages, in the same case"
        )
    return Lexicon(pairs, source=seeds.source)


def precision_at_1(lexicon: Lexicon, gold: Lexicon) -> dict[str, float]:
    """Return, by language, the share of gold words whose first translation is right, among those that have one.

    It is 0 for a language in which none has one.
    """
    scores = {}
    for language in gold.languages:
        known = [word for word in gold.words_into(language) if lexicon.translations(word, language)]
        right = [lexicon.translations(word, language)[0] in gold.translations(word, language) for word in known]
        scores[language] = sum(right) / len(right) if right else 0.0
    return scores


def _with_vectors(seeds: Lexicon, language: str, source: WordVectors, target: WordVectors) -> list[tuple[str, str]]:
    left, right = set(source.words), set(target.words)
    return [(word, other) for word, other in seeds.pairs(language) if word in left and other in right]


def _nearest(
    source: WordVectors, target: WordVectors, count: int, min_similarity: float | None, neighbours: int
) -> list[tuple[str, str]]:
    """Return (word, neighbour), nearest first, comparing a block of source words at a time."""
    left, right = unit(source.matrix), unit(target.matrix)
    crowding = _target_nearness(left, right, neighbours)
    count = min(count, len(target))
    pairs = []
    for start in range(0, len(left), _ROWS):
        cosines = left[start : start + _ROWS] @ right.T
        # A word's own nearness is the same for all its neighbours, so it does not change their order.
        scores = 2 * cosines - crowding[None, :]
        for row, best in enumerate(_largest(scores, count)):
            pairs += [
                (source.words[start + row], target.words[place])
                for place in best
                if min_similarity is None or cosines[row, place] > min_similarity
            ]
    return pairs


def _largest(scores: Matrix, count: int) -> NDArray[np.int64]:
    """Return the places of the largest `count` values of each row, largest first."""
    places = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(scores, places, axis=1), axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1)


def _target_nearness(source: Matrix, target: Matrix, neighbours: int) -> Matrix:
    """Return (target words,): the mean cosine of each to its nearest source words."""
    blocks = [target[start : start + _ROWS] for start in range(0, len(target), _ROWS)]
    return np.concatenate([_nearness(block @ source.T, neighbours) for block in blocks])


def _nearness(cosines: Matrix, neighbours: int) -> Matrix:
    """Return the mean of the largest `neighbours` values of each row."""
    count = min(neighbours, cosines.shape[1])
    return np.asarray(np.partition(cosines, -count, axis=1)[:, -count:].mean(axis=1))
