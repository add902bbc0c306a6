"""Every file on the metrics shelf goes through the same tests."""

from __future__ import annotations

import numpy as np
import pytest

from crosslift.api import registry
from crosslift.metrics.bases.average_precision import AveragePrecision

LABELS = ("B-PER", "I-PER", "O", "NOUN")
OF_ANSWERS = ("exact_match", "f1", "mlqa_exact_match", "mlqa_f1")
SHARES = ("ndcg",)
"""Metrics whose statistics are shares of what is best for each unit."""
METRICS = [registry.load("metric", name)(LABELS) for name in registry.entries("metric")]

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
        if metric.name.startswith("mean_average_precision"):
            rank = 1 if prediction == gold else 1 + len(LABELS)  # a wrong list holds no right one
            return {"id": str(index), "prediction": [prediction], "gold": [gold], "ranks": [rank]}
        made = {"id": f"{index // 5}.{index}", "prediction": prediction, "gold": gold, "reverse": prediction}
        return made | {"gold": [gold], "language": "en"} if metric.name in OF_ANSWERS else framed(metric, made)

    return [one(index) for index in range(count)]


def test_it_says_what_it_is(metric):
    assert registry.entries("metric")[metric.name].summary
    assert len(set(metric.parts)) == len(metric.parts)


def test_the_score_is_a_function_of_the_sum_of_the_parts(metric):
    made = records(metric)
    units = metric.units(made)
    counts = np.array([metric.statistics(unit) for unit in units])
    assert counts.shape == (len(units), len(metric.parts))
    assert metric(made) == pytest.approx(metric.score(counts.sum(axis=0)), abs=1e-9)
    halves = counts[: len(units) // 2].sum(axis=0) + counts[len(units) // 2 :].sum(axis=0)
    assert metric(made) == pytest.approx(metric.score(halves), abs=1e-9)


def test_many_sums_are_scored_as_one_by_one(metric):
    counts = np.array([metric.table(records(metric, 24, seed=seed)).sum(axis=0) for seed in range(6)]).reshape(2, 3, -1)
    counts[1, 2] = 0
    one_by_one = [[metric.score(total) for total in row] for row in counts]
    assert metric.scores(counts) == pytest.approx(np.array(one_by_one))


def test_a_table_is_the_statistics_of_each_unit(metric):
    made = records(metric)
    assert metric.table(made).tolist() == [list(metric.statistics(unit)) for unit in metric.units(made)]


def test_counts_are_whole_and_not_negative(metric):
    counts = np.array([metric.statistics(unit) for unit in metric.units(records(metric))])
    assert (counts >= 0).all()
    if isinstance(metric, AveragePrecision):
        assert (counts <= 1).all()
    elif metric.name not in ("f1", "mlqa_f1", *SHARES):  # an answer may be right in part
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
        if metric.name in OF_ANSWERS:
            return other[gold[0]]
        return [other[tag] for tag in gold] if isinstance(gold, list) else other.get(gold, "stay")

    never = {"reverse": "nothing", "ranks": []}
    wrong = [record | never | {"prediction": mistaken(record["gold"])} for record in right]
    # The worst order of a query's pages has gain too.
    assert metric(wrong) < 90 if metric.name in SHARES else metric(wrong) == 0


def test_more_right_answers_do_not_lower_the_score(metric):
    assert metric(records(metric, 400, right=0.3)) < metric(records(metric, 400, right=0.9))


def test_nothing_to_count_is_zero(metric):
    assert metric([]) == 0
