"""The contract of a metric, which every file of the registry and that of the how-to page must keep.

The tests know no metric by name: its record type, its bounds and the rest are what the metric declares.
"""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from crosslift.api import Metric, registry
from crosslift.api.records import RecordType
from crosslift.catalogue import description
from crosslift.errors import InputError
from tests import records
from tests.contracts import pages


@pytest.fixture(params=pages.names("metric"))
def metric(request) -> Metric:
    made: Metric = registry.load("metric", request.param)(records.LABELS)
    return made


def drawn(metric: Metric, count: int = 60, *, seed: int = 0, right: float = 0.6) -> list[records.Record]:
    return records.records(metric.record_type, count, seed=seed, right=right)


def test_it_says_what_it_is(metric):
    assert registry.entries("metric")[metric.name].summary
    assert metric.record_type in get_args(RecordType)
    lowest, highest = metric.bounds
    assert lowest <= 0 < highest
    assert metric.worst is None or lowest <= metric.worst < highest
    assert len(set(metric.parts)) == len(metric.parts) > 0


def test_it_can_be_described(metric):
    known = description(metric.name)
    assert (known["record_type"], known["bounds"]) == (metric.record_type, list(metric.bounds))


def test_it_needs_labels_if_it_says_so(metric):
    if not metric.needs_labels:
        assert type(metric)()(drawn(metric)) == pytest.approx(metric(drawn(metric)))
        return
    with pytest.raises(InputError, match=f"{metric.name} .*needs a task with labels"):
        type(metric)()


def test_the_score_is_a_function_of_the_sum_of_the_parts(metric):
    made = drawn(metric)
    units = metric.units(made)
    counts = np.array([metric.statistics(unit) for unit in units])
    assert counts.shape == (len(units), len(metric.parts))
    assert np.isfinite(counts).all()
    assert metric(made) == pytest.approx(metric.score(counts.sum(axis=0)), abs=1e-9)
    halves = counts[: len(units) // 2].sum(axis=0) + counts[len(units) // 2 :].sum(axis=0)
    assert metric(made) == pytest.approx(metric.score(halves), abs=1e-9)


def test_many_sums_are_scored_as_one_by_one(metric):
    counts = np.array([metric.table(drawn(metric, 24, seed=seed)).sum(axis=0) for seed in range(6)]).reshape(2, 3, -1)
    counts[1, 2] = 0
    one_by_one = [[metric.score(total) for total in row] for row in counts]
    assert metric.scores(counts) == pytest.approx(np.array(one_by_one))


def test_a_table_is_the_statistics_of_each_unit(metric):
    made = drawn(metric)
    assert metric.table(made).tolist() == [list(metric.statistics(unit)) for unit in metric.units(made)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("right", [0, 0.6])
def test_scores_are_within_the_bounds(metric, seed, right):
    lowest, highest = metric.bounds
    assert lowest <= metric(drawn(metric, seed=seed, right=right)) <= highest


def test_all_right_is_the_highest_score_and_all_wrong_the_worst(metric):
    right = drawn(metric, right=1)
    lowest, highest = metric.bounds
    assert metric(right) == pytest.approx(highest)
    worst = metric(records.all_wrong(metric.record_type, right))
    if metric.worst is None:
        assert lowest <= worst < metric(drawn(metric))
    else:
        assert worst == pytest.approx(metric.worst)


def test_more_right_answers_do_not_lower_the_score(metric):
    assert metric(drawn(metric, 400, right=0.3)) < metric(drawn(metric, 400, right=0.9))


def test_nothing_to_count_is_zero(metric):
    assert metric([]) == 0
