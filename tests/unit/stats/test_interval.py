"""Where a textbook has the answer, it is the textbook's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crosslift.stats.interval import Part, Scores, error_parts, estimate, p_value, quantile, summarised

RNG = np.random.default_rng(0)
FIRST, SECOND = np.array([61.2, 60.1, 62.4, 61.0, 60.3]), np.array([62.9, 61.5, 63.0, 63.1, 61.2])


def fixed(values):
    """Return scores that do not depend on the items drawn."""
    return Scores(values, np.tile(values, (20, 1)))


def drawn(observed, deviations):
    """Return scores that move by so much as items are drawn."""
    return Scores(observed, np.tile(observed, (20_000, 1)) + deviations)


def test_paired_runs_alone_are_the_paired_t_test():
    found = estimate(fixed(FIRST), fixed(SECOND), paired=True, items=500)
    wanted = stats.ttest_rel(SECOND, FIRST)
    assert found.p == pytest.approx(wanted.pvalue, rel=1e-6)
    assert (found.low, found.high) == pytest.approx(tuple(wanted.confidence_interval()))


@pytest.mark.parametrize("count", [3, 5])
def test_runs_that_are_no_pairs_are_welchs_t_test(count):
    found = estimate(fixed(FIRST), fixed(SECOND[:count]), paired=False, items=500)
    wanted = stats.ttest_ind(SECOND[:count], FIRST, equal_var=False)
    assert found.p == pytest.approx(wanted.pvalue, rel=1e-6)
    assert (found.low, found.high) == pytest.approx(tuple(wanted.confidence_interval()))


def test_one_run_against_several_is_judged_by_the_spread_of_the_several():
    found = estimate(fixed(FIRST), fixed(SECOND[:1]), paired=False, items=500)
    spread = FIRST.std(ddof=1) * np.sqrt(1 + 1 / 5)
    assert found.standard_error == pytest.approx(spread)
    assert found.high - found.effect == pytest.approx(spread * stats.t.ppf(0.975, 4))


def test_one_run_a_side_has_the_spread_of_the_items():
    drawn = RNG.normal(0, 1.5, size=(4000, 1))
    found = estimate(
        Scores(np.array([60.0]), np.full((4000, 1), 60.0)), Scores(np.array([62.0]), 62 + drawn), paired=True, items=900
    )
    assert found.standard_error == pytest.approx(drawn.std(ddof=1))
    assert found.high - found.effect == pytest.approx(found.standard_error * stats.t.ppf(0.975, 899), rel=1e-6)


def test_what_items_do_in_one_run_alone_counts_once():
    shared, own = RNG.normal(0, 0.8, size=(20_000, 1)), RNG.normal(0, 2.0, size=(20_000, 5))
    observed = 60 + RNG.normal(0, 1.0, size=5)
    seeds, items = error_parts(drawn(np.full(5, 60.0), 0), drawn(observed, shared + own), paired=True, items=500)
    assert seeds.variance == pytest.approx(observed.var(ddof=1) / 5)
    assert items.variance == pytest.approx(0.8**2, rel=0.1)
    assert (seeds.degrees, items.degrees) == (4, 499)


def test_p_is_the_level_at_which_the_interval_ends_at_zero():
    parts = [Part(0.5, 2), Part(0.8, 499)]
    for effect in (0.3, 2.0, 9.0):
        p = p_value(effect, parts)
        assert quantile(parts, p / 2) * np.sqrt(1.3) == pytest.approx(effect, rel=1e-6)
    found = summarised(-3.1, parts)
    assert (found.p < 0.05) == (found.high < 0)


def test_the_quantile_lies_between_satterthwaites_and_cochrans():
    parts = [Part(1.0, 2), Part(1.0, 499)]
    satterthwaite = stats.t.ppf(0.975, 4 / (1 / 2 + 1 / 499))
    cochran = (stats.t.ppf(0.975, 2) + stats.t.ppf(0.975, 499)) / 2
    assert quantile(parts, 0.025) == pytest.approx((satterthwaite + cochran) / 2)


def test_the_detectable_effect_is_found_four_times_in_five():
    parts = [Part(0.02, 400), Part(0.05, 900)]
    error = np.sqrt(0.07)
    found = summarised(0.0, parts)
    effects = RNG.normal(found.detectable, error, size=4000)
    assert (effects > found.high).mean() == pytest.approx(0.8, abs=0.02)


def test_runs_that_score_the_same_by_luck_still_have_items_of_their_own():
    own = RNG.normal(0, 2.0, size=(20_000, 2))
    same = drawn(np.array([60.0, 60.0]), own)
    seeds, _ = error_parts(fixed_like(same), same, paired=True, items=30)
    assert seeds.variance == pytest.approx(2.0, rel=0.1)
    assert seeds.degrees == 1


def fixed_like(scores):
    return Scores(np.full_like(scores.observed, 50.0), np.full_like(scores.resampled, 50.0))


def test_nothing_varies():
    same = fixed(np.array([60.0]))
    assert estimate(same, same, paired=True, items=9).p == 1
    found = estimate(same, fixed(np.array([70.0])), paired=True, items=9)
    assert np.isnan(found.p)
    assert (found.effect, found.low, found.high) == (10, 10, 10)


def test_a_tiny_p_is_still_a_number():
    assert 0 < p_value(30.0, [Part(1.0, 5000)]) < 1e-100
