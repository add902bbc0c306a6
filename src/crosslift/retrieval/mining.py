"""Bitext mining by margin: the sentences of two pools that are translations of each other.

Papers: artetxe-schwenk-2019-margin (the ratio margin), hu-etal-2020-xtreme (its use for BUCC 2018, released scripts).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.retrieval.search import both_ways
from crosslift.retrieval.vectors import Neighbours, Vectors

NEIGHBOURS = 4
Pair = tuple[str, str]


@dataclass(frozen=True)
class Mined:
    """Pairs of rows of two sides, no row twice, best first."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    scores: NDArray[np.float64]


def mine(first: Vectors, second: Vectors, *, neighbours: int = NEIGHBOURS, search: str = "auto") -> Mined:
    """Return the pairs found with a ratio margin.

    The score of x and y is cos(x, y) over the mean of both sides' mean cosine with their `neighbours` nearest
    (Artetxe and Schwenk 2019, equation 2).  The best neighbours of both sides are pooled and taken best first, as long
    as neither sentence is taken; pairs with a score of 0 or less are left out.

    Args:
        first: (texts, hidden), normalized, without duplicate texts.
        second: (other texts, hidden), likewise.
        neighbours: number of neighbours, k in the paper.
        search: see `search.both_ways`.
    """
    forward, backward = both_ways(first, second, neighbours, search=search)
    means = forward.scores.mean(axis=1, dtype=np.float64), backward.scores.mean(axis=1, dtype=np.float64)
    ahead, ahead_scores = _best(forward, *means)
    back, back_scores = _best(backward, *means[::-1])
    rows = np.concatenate((np.arange(len(first)), back))
    columns = np.concatenate((ahead, np.arange(len(second))))
    return _one_to_one(rows, columns, np.concatenate((ahead_scores, back_scores)))


def _best(
    found: Neighbours, own: NDArray[np.float64], others: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the neighbour of each query with the highest margin, and that margin."""
    scores = found.scores / ((own[:, None] + others[found.rows]) / 2)
    best = scores.argmax(axis=1)
    queries = np.arange(len(best))
    return found.rows[queries, best], scores[queries, best]


def _one_to_one(rows: NDArray[np.int64], columns: NDArray[np.int64], scores: NDArray[np.float64]) -> Mined:
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > 0]
    used: tuple[set[int], set[int]] = set(), set()
    kept = []
    for place, row, column in zip(order.tolist(), rows[order].tolist(), columns[order].tolist(), strict=True):
        if row not in used[0] and column not in used[1]:
            used[0].add(row)
            used[1].add(column)
            kept.append(place)
    return Mined(rows[kept], columns[kept], scores[kept])


def unique(texts: Sequence[str]) -> list[str]:
    """Return the distinct texts, in the order of their first occurrence."""
    return list(dict.fromkeys(texts))


def identified(pool: Sequence[Pair]) -> dict[str, str]:
    """Return the id of each text of (id, text); a text that occurs more than once has none, as in XTREME's scoring."""
    ids: dict[str, str] = {}
    repeated = set()
    for identifier, text in pool:
        if ids.setdefault(text.strip(), identifier) != identifier:
            repeated.add(text.strip())
    return {text: identifier for text, identifier in ids.items() if text not in repeated}


def best_threshold(scored: Sequence[tuple[tuple[str, ...], float]], gold: Collection[tuple[str, ...]]) -> float:
    """Return the threshold of the score that gives the highest F1.

    It is half way between the scores of the last pair above it and the next pair, the last score where there is no
    next pair, and 0 where no pair is correct (XTREME's `bucc_optimize`).

    Args:
        scored: pairs, each named by ids, and their scores.
        gold: the pairs that are translations.
    """
    if not scored:
        return 0.0
    ordered = sorted(scored, key=lambda item: -item[1])
    right = np.cumsum([pair in gold for pair, _ in ordered])
    if right[-1] == 0:
        return 0.0
    taken = np.arange(1, len(ordered) + 1)
    last = int(np.argmax(2 * right / (taken + len(gold))))  # the first of equals
    following = min(last + 1, len(ordered) - 1)
    return (ordered[last][1] + ordered[following][1]) / 2
