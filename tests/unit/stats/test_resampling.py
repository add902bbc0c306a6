from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crosslift.stats import resampling
from crosslift.stats.resampling import Table, bootstrap_sums, swap_sums


def table(places, counts):
    return Table(np.asarray(places), np.asarray(counts, dtype=np.float32))


def rng():
    return np.random.default_rng(1)


def test_the_spread_of_a_mean_is_that_of_scipys_bootstrap():
    values = np.random.default_rng(2).exponential(size=200)
    sums = bootstrap_sums([table(range(200), values[:, None])], 200, draws=4000, generator=rng())[0]
    wanted = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=rng()).standard_error
    assert (sums / 200).std() == pytest.approx(wanted, rel=0.05)


def test_every_draw_has_as_many_items_as_there_are():
    sums = bootstrap_sums([table(range(50), np.ones((50, 1)))], 50, draws=30, generator=rng())[0]
    assert (sums == 50).all()


def test_tables_see_the_same_draws():
    values = np.random.default_rng(3).normal(size=(40, 2))
    turned = np.arange(40)[::-1]
    one, other = bootstrap_sums(
        [table(range(40), values), table(turned, values[turned])], 40, draws=20, generator=rng()
    )
    assert one == pytest.approx(other, abs=1e-4)


def test_a_table_may_hold_some_of_the_items():
    sums = bootstrap_sums([table(range(10), np.ones((10, 1))), table([9], [[1.0]])], 10, draws=500, generator=rng())
    assert (sums[0] == 10).all()
    assert sums[1].mean() == pytest.approx(1, abs=0.15)
    assert sums[1].min() == 0


def test_blocks_do_not_show(monkeypatch):
    values = np.random.default_rng(3).normal(size=(30, 3))
    whole = bootstrap_sums([table(range(30), values)], 30, draws=17, generator=rng())
    monkeypatch.setattr(resampling, "BLOCK", 120)
    cut = bootstrap_sums([table(range(30), values)], 30, draws=17, generator=rng())
    assert whole[0] == pytest.approx(cut[0])


def test_of_few_items_all_subsets_are_tried():
    sums, complete = swap_sums([table(range(3), [[1.0], [10.0], [100.0]])], 3, draws=5, generator=rng())
    assert complete
    assert sorted(sums[0][:, 0]) == [0, 1, 10, 11, 100, 101, 110, 111]


def test_of_many_items_half_are_drawn():
    sums, complete = swap_sums([table(range(400), np.ones((400, 1)))], 400, draws=300, generator=rng())
    assert not complete
    assert sums[0].shape == (300, 1)
    assert sums[0].mean() == pytest.approx(200, abs=3)
