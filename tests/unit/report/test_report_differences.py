"""Differences between systems are tested where predictions are there, and where not it is said."""

from __future__ import annotations

import json

import pytest

from crosslift import compare, report
from crosslift.report.runs import sentences, tables
from crosslift.report.runs.differences import differences
from crosslift.report.runs.sections import results
from crosslift.report.runs.view import Report
from crosslift.runs.systems import read_systems
from tests.unit.comparison.conftest import records, write_run
from tests.unit.report.page import Page

CODES = ("en", "de", "sw", "fr")


@pytest.fixture
def directories(tmp_path):
    """Three seeds of a system and of one that gets twenty in a hundred items more right."""
    return [
        write_run(
            tmp_path / f"{name}-{seed}",
            {code: records(200, accuracy, seed=seed + place) for place, code in enumerate(CODES)},
            recipe=name,
            seed=seed,
        )
        for name, accuracy in (("plain", 0.5), ("better", 0.7))
        for seed in range(3)
    ]


def of(directories):
    found = read_systems(directories)
    return Report.of(found, differences(found))


def test_intervals_are_those_of_compare(directories):
    made, found = of(directories), compare(directories)
    rows = {row.over: row for row in found.comparisons}
    cell = tables.results(made, made.views[0]).rows[1][-1]
    assert cell.interval == (rows["target mean"].low, rows["target mean"].high)
    assert cell.text("difference") == f"+{cell.value:.1f} [{cell.interval[0]:.1f}, {cell.interval[1]:.1f}]"
    table = tables.languages(made, made.views[0])
    assert [row[-1].interval for row in table.rows] == [(rows[c].low, rows[c].high) for c in CODES]
    assert "each with its own 95% interval" in table.caption


def test_the_page_says_what_compare_says(directories):
    found = compare(directories)
    page = Page(report.html(directories)).text
    assert found.sentences[0] in page
    assert found.test in page
    assert "not tested" not in page
    assert "better beats plain by" in report.markdown(directories)


def test_gains_are_drawn_against_what_is_known(directories):
    for directory in directories:
        content = json.loads((directory / "results.json").read_text(encoding="utf-8"))
        content["stages"] = [{"stage": "finetune", "seconds": 40.0 if "plain" in directory.name else 90.0}]
        (directory / "results.json").write_text(json.dumps(content), encoding="utf-8")
    (section,) = results.sections(of(directories))
    distance, cost = section.content["distance"], section.content["cost"]
    assert distance is not None
    assert distance.title == "Gain against the baseline's score in a language"  # no distance is known
    (points,) = distance.figure.data
    assert len(points.x) == 3
    assert points.error_y.visible
    assert cost is not None
    assert "better: 1 min 30 s, +" in cost.description
    assert [trace.x[0] for trace in cost.figure.data] == [40.0, 90.0]


def test_without_predictions_the_page_says_why(two_systems):
    made = of(two_systems)
    assert made.differences.rows == {}
    (said,) = [item for item in sentences.limitations(made) if item.startswith("Differences are not tested here (")]
    assert "predictions" in said
    assert "they are not tested here" in tables.languages(made, made.views[0]).caption
    assert sentences.findings(made, made.views[0]) == []


def test_one_system_is_compared_with_nothing(directories):
    made = of(directories[:3])
    assert (made.differences.rows, made.differences.reason) == ({}, "")


def test_damaged_predictions_do_not_keep_the_page_away(directories):
    path = directories[-1] / "predictions" / "xnli" / "de.jsonl"
    path.write_text(path.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    page = Page(report.html(directories)).text
    assert "Differences are not tested here" in page
    assert "de.jsonl" in page


def test_differences_under_another_rule_are_not_mixed_in(directories):
    """The runs kept the last weights, and the page shows source-dev."""
    for directory in directories:
        recipe = directory / "recipe.toml"
        recipe.write_text(f'{recipe.read_text(encoding="utf-8")}\n[finetune]\nselection = "last"\n', encoding="utf-8")
        content = json.loads((directory / "results.json").read_text(encoding="utf-8"))
        content["scores"] += [{**row, "selection": "last"} for row in content["scores"]]
        (directory / "results.json").write_text(json.dumps(content), encoding="utf-8")
    made = of(directories)
    assert {rule for _, _, _, rule, _ in made.differences.rows} == {"last"}
    assert made.views[0].selection == "source-dev"
    assert tables.results(made, made.views[0]).rows[1][-1].interval is None
    assert "not tested here" in tables.languages(made, made.views[0]).caption
    assert any("Differences are not tested here." in item for item in sentences.limitations(made))
