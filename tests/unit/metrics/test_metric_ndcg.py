"""nDCG is scikit-learn's, query by query, as in XGLUE's script."""

from __future__ import annotations

import numpy as np
import pytest

from crosslift.errors import InputError
from crosslift.metrics.ndcg import Ndcg

LABELS = ("Bad", "Fair", "Good", "Excellent", "Perfect")


def records(queries):
    """Return records of queries, each given as (predicted, gold) numbers of its pages."""
    return [
        {"id": f"q{query}.{page}", "prediction": LABELS[predicted], "gold": LABELS[gold]}
        for query, pages in enumerate(queries)
        for page, (predicted, gold) in enumerate(pages)
    ]


def test_it_is_the_mean_of_scikit_learns_over_queries_with_more_than_one_page():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    queries = [rng.integers(0, 5, size=(rng.integers(1, 9), 2)).tolist() for _ in range(200)]
    expected = [
        metrics.ndcg_score([[gold for _, gold in pages]], [[predicted for predicted, _ in pages]])
        for pages in queries
        if len(pages) > 1
    ]
    metric = Ndcg(LABELS)
    assert metric(records(queries)) == pytest.approx(100 * np.mean(expected), abs=1e-9)
    assert len(metric.units(records(queries))) == len(expected) < len(queries)


def test_by_hand():
    # The page of gain 4 is second: 4 / log2(3) of 4 / log2(2).
    assert Ndcg(LABELS)(records([[(3, 0), (1, 4)]])) == pytest.approx(100 / np.log2(3))
    # Equal labels share the mean discount.
    assert Ndcg(LABELS)(records([[(1, 0), (1, 4)]])) == pytest.approx(50 * (1 + 1 / np.log2(3)))
    assert Ndcg(LABELS)(records([[(1, 0), (1, 0)]])) == 0


def test_a_label_that_is_none_is_refused():
    with pytest.raises(InputError, match=r"ndcg: unknown label 'Goood'; did you mean 'Good'"):
        Ndcg(LABELS)([{"id": f"q.{page}", "prediction": "Goood", "gold": "Good"} for page in range(2)])
