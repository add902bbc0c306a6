from __future__ import annotations

import math

import pytest

from crosslift import report
from crosslift.errors import InputError
from crosslift.report.runs.view import Report, Statistic, with_baseline
from crosslift.runs.systems import read_systems


def test_statistic_uses_the_sample_standard_deviation():
    assert Statistic.of([1.0, 2.0, 3.0]) == Statistic(mean=2.0, spread=1.0, seeds=3)
    assert math.isnan(Statistic.of([5.0]).spread)


def test_statistic_leaves_out_what_is_not_finite():
    found = Statistic.of([1.0, math.nan, 3.0, math.inf])
    assert (found.mean, found.seeds) == (2.0, 2)
    assert math.isnan(Statistic.of([]).mean)


def test_runs_of_one_recipe_are_one_system(two_systems):
    found = Report.of(read_systems(two_systems))
    assert [(system.name, len(system.seeds)) for system in found.systems] == [("unaligned", 3), ("aligned", 3)]
    assert found.baseline.name == "unaligned"


def test_scores_are_means_over_seeds(two_systems):
    found = Report.of(read_systems(two_systems))
    view = found.views[0]
    assert view.selection == "source-dev"
    assert found.baseline.score(view, "near").mean == pytest.approx(53.0)
    assert found.baseline.score(view, "near").spread == pytest.approx(1.0)
    assert found.baseline.summary(view, "target_mean").mean == pytest.approx((52 + 36 + 41) / 3)


def test_the_source_is_first_and_no_target(make_run):
    values = {"src": 80.0, "near": 50.0}
    run = make_run(values=values, change=lambda results: results["scores"].reverse())
    view = Report.of(read_systems([run])).views[0]
    assert view.languages == ("src", "near")
    assert view.targets == ("near",)


def test_stages_follow_the_longest_run(two_systems):
    assert Report.of(read_systems(two_systems)).stages == ["pretrain", "align", "finetune"]


def test_the_baseline_has_the_fewest_stages_or_is_named(two_systems):
    found = read_systems([*two_systems[3:], *two_systems[:3]])
    assert with_baseline(found, None).systems[0].name == "unaligned"
    assert with_baseline(found, "aligned").systems[0].name == "aligned"
    with pytest.raises(InputError, match="no run has the recipe 'alined'; did you mean 'aligned'"):
        with_baseline(found, "alined")


def test_find_puts_the_baseline_first(two_systems, tmp_path):
    assert report.find(tmp_path) == two_systems
    assert report.find(tmp_path, baseline="aligned") == two_systems[3:] + two_systems[:3]


def test_without_the_preferred_rule_the_first_one_is_shown(make_run):
    def change(results):
        results["scores"] = [score for score in results["scores"] if score["selection"] == "last"]

    assert Report.of(read_systems([make_run(change=change)])).views[0].selection == "last"
