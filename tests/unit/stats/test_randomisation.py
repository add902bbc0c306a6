from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crosslift.stats import randomisation
from crosslift.stats.adjustment import holm
from crosslift.stats.randomisation import of_differences, swap_runs

FIRST, SECOND = np.array([61.2, 60.1, 62.4, 61.0, 60.3]), np.array([62.9, 61.5, 62.3, 63.1, 60.2])
KINDS = {True: "samples", False: "independent"}


def rng():
    return np.random.default_rng(0)


def mean_difference(one, other, axis):
    return one.mean(axis=axis) - other.mean(axis=axis)


@pytest.mark.parametrize("paired", [True, False])
def test_all_swaps_of_few_runs_are_scipys(paired):
    found = swap_runs(FIRST, SECOND, paired=paired, generator=rng())
    wanted = stats.permutation_test((SECOND, FIRST), mean_difference, permutation_type=KINDS[paired], vectorized=True)
    assert found.p == pytest.approx(wanted.pvalue)
    assert (found.arrangements, found.exact) == (32 if paired else 252, True)


def test_sides_need_not_be_as_many():
    found = swap_runs(FIRST, SECOND[:3], paired=False, generator=rng())
    wanted = stats.permutation_test(
        (SECOND[:3], FIRST), mean_difference, permutation_type="independent", vectorized=True
    )
    # scipy doubles the smaller tail, and here both tails are counted: they differ where the sides do.
    assert found.p == pytest.approx(wanted.pvalue, abs=0.1)
    assert found.arrangements == 56


@pytest.mark.parametrize("paired", [True, False])
def test_some_swaps_of_many_runs_come_close_to_all(paired, monkeypatch):
    exact = swap_runs(FIRST, SECOND, paired=paired, generator=rng()).p
    monkeypatch.setattr(randomisation, "EXACT", 10)
    found = swap_runs(FIRST, SECOND, paired=paired, draws=20_000, generator=rng())
    assert not found.exact
    assert found.p == pytest.approx(exact, abs=0.01)


def test_three_pairs_cannot_say_less_than_a_quarter():
    assert swap_runs(np.zeros(3), np.array([5.0, 6.0, 7.0]), paired=True, generator=rng()).p == 0.25


def test_drawn_swaps_count_what_was_observed_among_them():
    assert of_differences(3.0, np.zeros(99), exact=False).p == 0.01
    assert of_differences(0.0, np.zeros(99), exact=False).p == 1


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1, 1]
    assert holm([]) == []


def test_what_is_no_p_value_is_not_counted():
    adjusted = holm([0.02, float("nan"), 0.03])
    assert adjusted[0] == pytest.approx(0.04)
    assert np.isnan(adjusted[1])
