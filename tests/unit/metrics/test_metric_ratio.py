"""Metrics that are a share."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from crosslift.metrics.accuracy import Accuracy
from crosslift.metrics.retrieval_accuracy import RetrievalAccuracy
from crosslift.metrics.tagging_accuracy import TaggingAccuracy


@pytest.mark.parametrize("make", [Accuracy, RetrievalAccuracy])
def test_accuracy_is_that_of_scikit_learn(make):
    gold, predicted = np.random.default_rng(0).choice(["a", "b", "c"], size=(2, 77)).tolist()
    records = [{"prediction": p, "gold": g} for p, g in zip(predicted, gold, strict=True)]
    assert make()(records) == pytest.approx(100 * accuracy_score(gold, predicted), abs=1e-12)


def test_tagging_accuracy_is_over_words_not_sentences():
    records = [
        {"prediction": ["X"], "gold": ["NOUN"]},
        {"prediction": ["DET", "NOUN", "VERB"], "gold": ["DET", "NOUN", "VERB"]},
    ]
    assert TaggingAccuracy()(records) == 75


def test_tagging_accuracy_needs_a_tag_a_word():
    with pytest.raises(ValueError, match="longer"):
        TaggingAccuracy()([{"prediction": ["X"], "gold": ["X", "X"]}])
