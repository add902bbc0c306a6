"""Ranks in a pool, and measures of language bias."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from crosslift.retrieval import ranking as module
from crosslift.retrieval.language_bias import bias_rows, consistency, distance, rank_distances
from crosslift.retrieval.ranking import rank


def unit(rows: Any) -> Any:
    rows = np.asarray(rows, np.float64)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("products", [1, 60, 10**6])
def test_ranks_are_places_in_the_sorted_pool(monkeypatch: pytest.MonkeyPatch, products: int) -> None:
    monkeypatch.setattr(module, "_PRODUCTS", products)
    rng = np.random.default_rng(0)
    queries, pool = rng.standard_normal((7, 4)).astype(np.float32), rng.standard_normal((30, 4)).astype(np.float32)
    pool[11] = pool[5]  # equals: the earlier ranks higher
    right = [[5, 11], [11], [], [0, 29, 5], [3], [11, 5], [1]]
    found = rank(queries, pool, right, depth=4)
    order = [np.argsort(-row, kind="stable").tolist() for row in queries @ pool.T]
    assert found.ranks == [[places.index(row) + 1 for row in rows] for places, rows in zip(order, right, strict=True)]
    assert [row[0] for row in found.best.tolist()] == [places[0] for places in order]
    assert found.best.shape == (7, 4)


def test_a_query_of_the_pool_is_left_out() -> None:
    pool = unit([[1, 0], [1, 0.1], [0, 1]])
    assert rank(pool, pool, [[1], [0], [1]], own=[0, 1, 2]).ranks == [[1], [1], [1]]
    assert rank(pool, pool, [[1], [0], [1]]).ranks == [[2], [2], [2]]


def test_distance_is_from_first_to_last() -> None:
    assert distance([1, 4, 9]) == 8


def test_rank_distance_of_a_case_worked_out_by_hand() -> None:
    """Two sentences in three languages; from "a" the translations in "b" come first and those in "c" last."""
    space = {
        "a": unit([[1, 0, 0], [0, 1, 0]]),
        "b": unit([[1, 0, 0], [0, 1, 0]]),
        "c": unit([[0, 1, 0.5], [1, 0, 0.5]]),  # swapped
    }
    # query a0, pool without it: b0 1, c1 2, a1 = b1 = c0 0; so b0 ranks 1 and c0 ranks 5, the last of equals
    assert rank_distances(space)["a"] == pytest.approx(np.mean([distance([1, 5]), distance([1, 5])]))
    assert rank_distances({"a": space["a"], "b": space["b"]}) == {}


def test_a_space_without_language_has_the_smallest_distance() -> None:
    rng = np.random.default_rng(0)
    meaning = rng.standard_normal((20, 16))
    language = {code: 3 * rng.standard_normal(16) for code in "abc"}
    neutral = {code: unit(meaning + 0.01 * rng.standard_normal((20, 16))) for code in "abc"}
    biased = {code: unit(meaning + language[code]) for code in "abc"}
    assert set(rank_distances(neutral).values()) == {1.0}
    assert min(rank_distances(biased).values()) > 5
    assert consistency(neutral["a"], neutral["b"]) > 90 > consistency(biased["a"], biased["b"])


def test_consistency_is_translations_less_other_sentences() -> None:
    same = unit([[1, 0], [0, 1]])
    assert consistency(same, same) == pytest.approx(100)
    turned = unit([[0, 1], [1, 0]])
    assert consistency(same, turned) == pytest.approx(0)
    one_way = unit([[1, 0], [1, 0]])
    assert consistency(one_way, one_way) == pytest.approx(0)
    x, y = (
        unit(np.random.default_rng(1).standard_normal((5, 3))),
        unit(np.random.default_rng(2).standard_normal((5, 3))),
    )
    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    others = np.mean([x[i] @ x[j] for i, j in pairs] + [y[i] @ y[j] for i, j in pairs])
    assert consistency(x, y) == pytest.approx(100 * (np.mean([x[i] @ y[i] for i in range(5)]) - others), abs=1e-4)


def test_rows_of_results() -> None:
    space = {code: unit(np.random.default_rng(i).standard_normal((6, 4))) for i, code in enumerate("abc")}
    rows = bias_rows(space, "a", "align")
    assert [(row["metric"], row["language"]) for row in rows] == [
        *(("rank_distance", code) for code in "abc"),
        *(("embedding_consistency", code) for code in "bc"),
    ]
    assert {(row["stage"], row["items"]) for row in rows} == {("align", 6)}
    assert bias_rows({}, "a", "align") == []


def test_without_the_source_languages_are_measured_against_each_other() -> None:
    space = {code: unit(np.random.default_rng(i).standard_normal((6, 4))) for i, code in enumerate("abc")}
    values = {row["language"]: row["value"] for row in bias_rows(space, "en", "align") if "embedding" in row["metric"]}
    between = {pair: consistency(space[pair[0]], space[pair[1]]) for pair in ("ab", "ac", "bc")}
    assert values == pytest.approx(
        {code: np.mean([value for pair, value in between.items() if code in pair]) for code in "abc"}
    )
