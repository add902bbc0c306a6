"""Where a textbook has the answer, it is the textbook's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crosslift.stats.interval import Part, Scores, error_parts, estimate, p_value, summarised

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
    observed = 60 + 5 * RNG.normal(0, 1.0, size=5)
    seeds, items = error_parts(drawn(np.full(5, 60.0), 0), drawn(observed, shared + own), paired=True, items=500)
    assert seeds.variance == pytest.approx(observed.var(ddof=1) / 5)
    assert items.variance == pytest.approx(0.8**2, rel=0.1)
    assert (seeds.degrees, items.degrees) == (4, 499)


def agree(count, *, seed):
    """Return whether p is below 0.05 exactly where the interval leaves out zero, for random parts and effects."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        parts = [
            Part(10 ** rng.uniform(-3, 2), rng.uniform(1, 12)),
            Part(10 ** rng.uniform(-3, 2), rng.integers(20, 5000)),
        ]
        found = summarised(rng.normal(0, 3 * np.sqrt(sum(part.variance for part in parts))), parts)
        if (found.p < 0.05) != (found.low > 0 or found.high < 0):
            return False
    return True


def test_p_and_interval_agree():
    assert agree(400, seed=0)


@pytest.mark.slow
def test_p_and_interval_agree_on_a_hundred_thousand_effects():
    assert agree(100_000, seed=1)


def test_a_wide_interval_has_no_small_p():
    parts = [Part(0.8095810495238797, 2), Part(0.1, 299)]  # bisection from a tail where stdtrit is NaN gave 1.97e-304
    found = summarised(-1.5025511461065, parts)
    assert found.p == pytest.approx(0.2496, abs=1e-4)
    assert found.low < 0 < found.high


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_under_the_null_p_is_below_a_level_no_more_often_than_that(seeds):
    rng, studies = np.random.default_rng(seeds), 4000
    spread, items = 1.0, 0.6
    effects = rng.normal(0, np.hypot(spread / np.sqrt(seeds), items), studies)
    variances = spread**2 / seeds * rng.chisquare(seeds - 1, studies) / (seeds - 1)
    found = np.array(
        [
            p_value(effect, [Part(s, seeds - 1), Part(items**2, 499)])
            for effect, s in zip(effects, variances, strict=True)
        ]
    )
    for level in (0.05, 0.01, 0.001):
        noise = 3 * np.sqrt(level / studies)
        assert (found < level).mean() <= level + noise


def test_few_seeds_that_score_alike_do_not_hide_what_items_do():
    rng = np.random.default_rng(5)
    items = rng.normal(0, 0.94, size=(20_000, 1)) + rng.normal(0, 0.4, size=(20_000, 2))
    system = drawn(np.array([60.0, 60.02]), items)
    found = estimate(fixed_like(system), system, paired=True, items=300)
    assert found.standard_error >= items.mean(axis=1).std(ddof=1) * 0.999


def test_the_detectable_effect_is_found_four_times_in_five():
    parts = [Part(0.02, 400), Part(0.05, 900)]
    error = np.sqrt(0.07)
    found = summarised(0.0, parts)
    effects = RNG.normal(found.detectable, error, size=4000)
    assert (effects > found.high).mean() == pytest.approx(0.8, abs=0.02)


def test_runs_that_score_the_same_by_luck_still_have_items_of_their_own():
    own = RNG.normal(0, 2.0, size=(20_000, 2))
    same = drawn(np.array([60.0, 60.0]), own)
    seeds, items = error_parts(fixed_like(same), same, paired=True, items=30)
    assert (seeds.variance, seeds.degrees) == (0, 1)
    assert items.variance == pytest.approx(2.0, rel=0.1)


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
