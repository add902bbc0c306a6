"""Every file on the metrics shelf goes through the same tests."""

from __future__ import annotations

import numpy as np
import pytest

from crosslift import _shelf

LABELS = ("B-PER", "I-PER", "O", "NOUN")
METRICS = [_shelf.load("metric", name)(LABELS) for name in _shelf.entries("metric")]

pytestmark = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)


def framed(metric, record):
    """Return a record of a joint task where the metric takes one: what is no tag is an intent of that name."""

    def frame(value):
        return {"intent": value, "slots": [value]} if isinstance(value, str) else {"intent": "go", "slots": value}

    if metric.name not in ("intent_accuracy", "slot_f1", "frame_accuracy"):
        return record
    return record | {side: frame(record[side]) for side in ("prediction", "gold")}


def records(metric, count=60, *, seed=0, right=0.6):
    """Return random records of the form the metric takes; a share of the predictions is right."""
    rng = np.random.default_rng(seed)

    def one(index):
        if metric.name.startswith(("tagging", "slot")):
            gold = rng.choice(LABELS, size=rng.integers(1, 9)).tolist()
            prediction = [tag if rng.random() < right else str(rng.choice(LABELS)) for tag in gold]
        else:
            gold = str(rng.choice(LABELS))
            prediction = gold if rng.random() < right else str(rng.choice(LABELS))
        return framed(metric, {"id": str(index), "prediction": prediction, "gold": gold})

    return [one(index) for index in range(count)]


def test_it_says_what_it_is(metric):
    assert _shelf.entries("metric")[metric.name].summary
    assert len(set(metric.parts)) == len(metric.parts)


def test_the_score_is_a_function_of_the_sum_of_the_parts(metric):
    made = records(metric)
    counts = np.array([metric.statistics(record) for record in made])
    assert counts.shape == (len(made), len(metric.parts))
    assert metric(made) == metric.score(counts.sum(axis=0))
    halves = counts[:30].sum(axis=0) + counts[30:].sum(axis=0)
    assert metric(made) == pytest.approx(metric.score(halves), abs=1e-9)


def test_counts_are_whole_and_not_negative(metric):
    counts = np.array([metric.statistics(record) for record in records(metric)])
    assert (counts >= 0).all()
    assert (counts == counts.round()).all()


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_percentages(metric, seed):
    assert 0 <= metric(records(metric, seed=seed)) <= 100


def test_all_right_is_a_hundred_and_all_wrong_is_zero(metric):
    right = records(metric, right=1)
    assert metric(right) == pytest.approx(100)
    other = {"B-PER": "NOUN", "I-PER": "NOUN", "O": "B-PER", "NOUN": "O"}

    def mistaken(gold):
        if isinstance(gold, dict):
            return {key: mistaken(value) for key, value in gold.items()}
        return [other[tag] for tag in gold] if isinstance(gold, list) else other.get(gold, "stay")

    wrong = [record | {"prediction": mistaken(record["gold"])} for record in right]
    assert metric(wrong) == 0


def test_more_right_answers_do_not_lower_the_score(metric):
    assert metric(records(metric, 400, right=0.3)) < metric(records(metric, 400, right=0.9))


def test_nothing_to_count_is_zero(metric):
    assert metric([]) == 0
