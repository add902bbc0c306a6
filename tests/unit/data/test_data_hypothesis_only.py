"""The hypothesis-only baseline."""

from __future__ import annotations

import numpy as np
import pytest

from crosslift.api.examples import PairExample, SentenceExample
from crosslift.data.hypothesis_only import NaiveBayes, features, hypothesis_only

LABELS = ("entailment", "neutral", "contradiction")


def pairs(count, *, hint, seed):
    """Return pairs of random words; a fraction `hint` of the hypotheses of contradictions contains "not"."""
    rng = np.random.default_rng(seed)
    words = [f"w{number}" for number in range(50)]
    made = []
    for number in range(count):
        label = LABELS[number % 3]
        text = " ".join(rng.choice(words, size=6))
        told = label == "contradiction" and rng.random() < hint
        made.append(PairExample(str(number), "premise", f"{text} not" if told else text, label))
    return made


def test_a_word_that_reveals_the_label_is_found():
    found = hypothesis_only(pairs(900, hint=1, seed=0), pairs(300, hint=1, seed=1))
    assert found.most_frequent == pytest.approx(100 / 3)
    assert 55 < found.accuracy < 75  # all contradictions, and half of the others
    assert found.high


def test_random_hypotheses_reveal_nothing():
    found = hypothesis_only(pairs(900, hint=0, seed=0), pairs(900, hint=0, seed=1))
    assert abs(found.accuracy - 100 / 3) < 4
    assert not found.high


def test_other_task_types_and_unlabelled_pairs_have_no_baseline():
    assert hypothesis_only([SentenceExample("0", "x", "a")], [SentenceExample("0", "x", "a")]) is None
    assert hypothesis_only(pairs(3, hint=0, seed=0), [PairExample("0", "x", "y")]) is None


def test_it_is_scikit_learns_multinomial_naive_bayes():
    text = pytest.importorskip("sklearn.feature_extraction.text")
    bayes = pytest.importorskip("sklearn.naive_bayes")
    train, test = pairs(300, hint=0.5, seed=0), pairs(300, hint=0.5, seed=1)
    counter = text.CountVectorizer(analyzer=lambda pair: features(pair.second))
    theirs = bayes.MultinomialNB(alpha=1).fit(counter.fit_transform(train), [pair.label for pair in train])
    ours = NaiveBayes([(pair.second, pair.label) for pair in train])
    assert [ours.label(pair.second) for pair in test] == theirs.predict(counter.transform(test)).tolist()
