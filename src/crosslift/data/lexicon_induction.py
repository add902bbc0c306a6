"""Lexicon induction: map the word vectors of one language onto another's, and take nearest neighbours.

Noise can be added to the vectors and to the map; the precision of the induced lexicon measures its effect.
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
"""Source words that are compared with all target words at a time."""


@dataclass(frozen=True)
class Noise:
    """Noise added to cross-lingual vectors.

    `vectors` is sigma in v + sigma * n, n ~ N(0, I / dimensions); `mapping` is the Frobenius norm of the matrix that is
    added to the map.
    """

    vectors: float = 0.0
    mapping: float = 0.0


def procrustes(source: Matrix, target: Matrix) -> Matrix:
    """Return the orthogonal W that minimises ``|source @ W - target|``, where row i of both is a pair of translations.

    ``W = U V'`` of the singular value decomposition ``source' target = U S V'``.

    Source: Schönemann 1966; for word vectors Xing et al. 2015 and Conneau et al. 2018, arXiv 1710.04087, equation 2.
    """
    left, _, right = np.linalg.svd(source.T @ target)
    return np.asarray(left @ right, dtype=np.float32)


def with_error(mapping: Matrix, norm: float, *, rng: np.random.Generator) -> Matrix:
    """Return the map plus a random matrix of Frobenius norm `norm`, like the map of a bad seed lexicon."""
    error = rng.standard_normal(mapping.shape)
    return (mapping + norm * error / np.linalg.norm(error)).astype(np.float32)


def csls(source: Matrix, target: Matrix, *, neighbours: int = 10) -> Matrix:
    """Return cross-domain similarity local scaling, (source words, target words).

    ``2 cos(x, y) - r(x) - r(y)``, where r is the mean cosine to the nearest `neighbours` words of the other language:
    this corrects for hubs, words that are near to everything.

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
        vectors: word vectors of the source language of `seeds` and of its target languages, each in its own space.
        seeds: known translations that the maps are fitted to.
        translations: number of neighbours that become translations of a word, nearest first.
        min_similarity: the cosine that a neighbour must exceed; None: any.
        noise: noise added to the source vectors and to the maps.
        neighbours: number of words that CSLS averages over.
        seed: seed of the noise.

    Raises:
        DataError: no seed pair has vectors for both words.
    """
    noise = noise or Noise()
    source = vectors[seeds.source].normalised()
    pairs: dict[str, list[tuple[str, str]]] = {language: [] for language in seeds.languages}
    for number, language in enumerate(seeds.languages):
        target = vectors[language].normalised()
        known = _with_vectors(seeds, language, source, target)
        if not known:
            log.warning(
                "no seed pair of %s-%s has vectors for both words; no word is translated", seeds.source, language
            )
            continue
        rng = np.random.default_rng((seed, number))
        fitted = procrustes(source.rows([word for word, _ in known]), target.rows([other for _, other in known]))
        mapping = with_error(fitted, noise.mapping, rng=rng)
        mapped = WordVectors(source.words, source.noisy(noise.vectors, rng=rng).matrix @ mapping)
        pairs[language] = _nearest(mapped, target, translations, min_similarity, neighbours)
    if not any(pairs.values()):
        raise DataError(
            f"no pair of the seed lexicon ({seeds}) has vectors for both words, so no language can be mapped; vectors "
            "and lexicon must have the same languages and the same case"
        )
    return Lexicon(pairs, source=seeds.source)


def precision_at_1(lexicon: Lexicon, gold: Lexicon) -> dict[str, float]:
    """Return, by language, the fraction of gold words whose first translation is right, among those that have one.

    It is 0 for a language in which no word has one.
    """
    scores = {}
    for language in gold.languages:
        known = [word for word in gold.words_into(language) if lexicon.translations(word, language)]
        correct = [lexicon.translations(word, language)[0] in gold.translations(word, language) for word in known]
        scores[language] = sum(correct) / len(correct) if correct else 0.0
    return scores


def _with_vectors(seeds: Lexicon, language: str, source: WordVectors, target: WordVectors) -> list[tuple[str, str]]:
    left, right = set(source.words), set(target.words)
    return [(word, other) for word, other in seeds.pairs(language) if word in left and other in right]


def _nearest(
    source: WordVectors, target: WordVectors, count: int, min_similarity: float | None, neighbours: int
) -> list[tuple[str, str]]:
    """Return (word, neighbour), nearest first, comparing one block of source words at a time."""
    left, right = unit(source.matrix), unit(target.matrix)
    crowding = _target_nearness(left, right, neighbours)
    count = min(count, len(target))
    pairs = []
    for start in range(0, len(left), _ROWS):
        cosines = left[start : start + _ROWS] @ right.T
        # The r of a source word is the same for all its neighbours, so it does not change their order.
        scores = 2 * cosines - crowding[None, :]
        for row, best in enumerate(_largest(scores, count)):
            pairs += [
                (source.words[start + row], target.words[place])
                for place in best
                if min_similarity is None or cosines[row, place] > min_similarity
            ]
    return pairs


def _largest(scores: Matrix, count: int) -> NDArray[np.int64]:
    """Return the indices of the largest `count` values of each row, largest first."""
    places = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(scores, places, axis=1), axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1)


def _target_nearness(source: Matrix, target: Matrix, neighbours: int) -> Matrix:
    """Return the mean cosine of each target word to its nearest source words: (target words,)."""
    blocks = [target[start : start + _ROWS] for start in range(0, len(target), _ROWS)]
    return np.concatenate([_nearness(block @ source.T, neighbours) for block in blocks])


def _nearness(cosines: Matrix, neighbours: int) -> Matrix:
    """Return the mean of the largest `neighbours` values of each row."""
    count = min(neighbours, cosines.shape[1])
    return np.asarray(np.partition(cosines, -count, axis=1)[:, -count:].mean(axis=1))
