"""Nearest neighbours: those of the whole matrix, for every block size."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslift.errors import InputError
from crosslift.retrieval import exact, search
from crosslift.retrieval.exact import nearest_neighbours
from crosslift.retrieval.search import both_ways, chosen


def sides(first: int, second: int, width: int = 8, seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((rows, width)).astype(np.float32) for rows in (first, second)]


def whole(queries: Any, index: Any, count: int) -> tuple[Any, Any]:
    products = queries @ index.T
    rows = np.argsort(-products, axis=1, kind="stable")[:, :count]
    return rows, np.take_along_axis(products, rows, axis=1)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 23), st.integers(1, 23), st.integers(1, 5), st.integers(1, 9), st.integers(0, 99))
def test_both_ways_are_those_of_the_whole_matrix(first: int, second: int, count: int, block: int, seed: int) -> None:
    x, y = sides(first, second, seed=seed)
    for found, (rows, scores) in zip(
        both_ways(x, y, count, search="exact", block=block), (whole(x, y, count), whole(y, x, count)), strict=True
    ):
        assert (found.rows == rows).all()
        np.testing.assert_allclose(found.scores, scores, atol=1e-5)


def test_the_first_of_equals_is_nearest() -> None:
    queries, index = np.ones((3, 2), np.float32), np.ones((7, 2), np.float32)
    assert (nearest_neighbours(queries, index, block=2).rows == 0).all()


def test_half_precision_is_cast_block_by_block() -> None:
    x, y = (side.astype(np.float16) for side in sides(30, 20))
    found = nearest_neighbours(x, y, 3, block=7)
    assert found.scores.dtype == np.float32
    assert (found.rows == whole(x.astype(np.float32), y.astype(np.float32), 3)[0]).all()


def test_how_neighbours_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "default_device", lambda: exact.torch.device("cpu"))
    assert [chosen("auto", size) for size in (100_000, 100_001)] == ["exact", "faiss"]
    monkeypatch.setattr(search, "default_device", lambda: exact.torch.device("cuda"))
    assert chosen("auto", 100_001) == "exact"
    assert chosen("faiss", 3) == "faiss"
    with pytest.raises(InputError, match="did you mean 'exact'"):
        chosen("exacta", 3)


def test_faiss_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name == "faiss":
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.delitem(sys.modules, "faiss", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r'pip install "crosslift\[faiss\]"'):
        both_ways(*sides(5, 6), 2, search="faiss")


def test_inverted_lists_are_exact_when_all_are_looked_through() -> None:
    pytest.importorskip("faiss")
    from crosslift.retrieval.faiss import inverted_lists

    x, y = sides(40, 60)
    found = inverted_lists(x, y, 4, lists=5, probes=5)
    rows, scores = whole(x, y, 4)
    assert (found.rows == rows).mean() > 0.95  # half precision swaps a few
    np.testing.assert_allclose(found.scores, scores, atol=1e-2)
    few = inverted_lists(x, y, 30, lists=20, probes=1)
    assert (few.rows >= 0).all()
    lacking = inverted_lists(x, y, 60, lists=20, probes=1)  # no list holds all 60, so all are compared
    assert (lacking.rows == whole(x, y, 60)[0]).all()


def with_much_in_common(rows: int, seed: int = 0, width: int = 64) -> Any:
    """Return vectors of twenty sentences a topic, with one direction in common, as encoders' vectors have."""
    rng = np.random.default_rng(seed)
    topics = rng.standard_normal((rows // 20, width))[np.arange(rows) % (rows // 20)]
    vectors = 3 * np.random.default_rng(7).standard_normal(width) + topics + 1.4 * rng.standard_normal((rows, width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def test_lists_are_of_like_size_where_vectors_have_much_in_common(capsys: pytest.CaptureFixture[str]) -> None:
    faiss = pytest.importorskip("faiss")
    from crosslift.retrieval import faiss as lists_of

    index = with_much_in_common(4_000)
    common = index.mean(axis=0, dtype=np.float64).astype(np.float32)
    built = lists_of.built_index(faiss, lists_of.SinglePrecision(index, common), 100, 0)
    sizes = [built.invlists.list_size(one) for one in range(100)]
    assert sum(sizes) == 4_000
    assert max(sizes) < 160  # four times the mean; one list has hundreds where what is common stays
    queries = with_much_in_common(200, seed=1)
    found = lists_of.inverted_lists(queries, index, 4, lists=100, probes=50)
    rows, scores = whole(queries.astype(np.float32), index.astype(np.float32), 4)
    assert (found.rows[:, 0] == rows[:, 0]).mean() > 0.9
    same = found.rows == rows
    np.testing.assert_allclose(found.scores[same], scores[same], atol=1e-2)
    assert capsys.readouterr().out == ""
