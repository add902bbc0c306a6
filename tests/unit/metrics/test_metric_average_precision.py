"""Average precision, against scikit-learn and by hand; and reverse retrieval accuracy."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from crosslift.errors import InputError
from crosslift.metrics.mean_average_precision import MeanAveragePrecision
from crosslift.metrics.mean_average_precision_at_20 import MeanAveragePrecisionAt20
from crosslift.metrics.reverse_retrieval_accuracy import ReverseRetrievalAccuracy


@pytest.mark.parametrize("seed", range(5))
def test_the_whole_list_is_scored_as_by_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    scores, right = rng.random(50), rng.random(50) < 0.2
    right[7] = True
    order = np.argsort(-scores)
    ranks = [rank for rank, row in enumerate(order, start=1) if right[row]]
    record = {"ranks": ranks[::-1], "gold": [str(rank) for rank in ranks]}
    assert MeanAveragePrecision()([record]) == pytest.approx(100 * average_precision_score(right, scores))


def test_cut_off_at_twenty():
    filler = [f"x{i}" for i in range(30)]

    def score(prediction, gold):
        return MeanAveragePrecisionAt20()([{"prediction": prediction, "gold": gold}])

    assert score(["a", "x", "b"], ["a", "b"]) == pytest.approx(100 * (1 + 2 / 3) / 2)
    assert score([*filler[:3], "a"], ["a"]) == 25  # the reciprocal rank
    assert score([*filler[:20], "a"], ["a"]) == 0
    assert score([f"g{i}" for i in range(20)], [f"g{i}" for i in range(40)]) == 100
    assert score(["a"], []) == 0


def test_a_mean_is_over_queries():
    records = [{"prediction": ["a"], "gold": ["a"]}, {"prediction": ["b", "a"], "gold": ["a"]}]
    assert MeanAveragePrecisionAt20()(records) == 75


def test_the_other_direction():
    assert ReverseRetrievalAccuracy()([{"reverse": "a", "gold": "a"}, {"reverse": "b", "gold": "a"}]) == 50
    with pytest.raises(InputError, match="record '3' has no key 'reverse'"):
        ReverseRetrievalAccuracy()([{"id": "3", "gold": "a", "prediction": "a"}])
