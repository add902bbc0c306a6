from __future__ import annotations

import math

import pytest

from crosslift.report.runs import stages, tables
from crosslift.report.runs.view import Report
from crosslift.runs.systems import read_systems


@pytest.fixture
def report(two_systems):
    return Report.of(read_systems(two_systems))


def texts(table):
    return [[cell.text(column.kind) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]


def test_results_compare_with_the_baseline(report):
    table = tables.results(report, report.views[0])
    first, second = texts(table)
    assert first == ["unaligned", "3", "89.0 ± 1.0", "43.0 ± 0.0", "46.0 ± 1.0", "35.0 ± 1.0", "54.5 ± 0.2", "baseline"]
    assert second[3:] == ["55.0 ± 0.0", "34.0 ± 1.0", "47.0 ± 1.0", "63.5 ± 0.2", "+12.0"]
    assert [row[3].mark for row in table.rows] == ["", "best"]
    assert table.rows[0][0].mark == "baseline"
    assert table.rows[1][5].note == "Far"


def test_one_system_has_no_change_and_no_best(make_run):
    report = Report.of(read_systems([make_run()]))
    table = tables.results(report, report.views[0])
    assert "Change in target mean" not in [column.title for column in table.columns]
    assert {cell.mark for row in table.rows for cell in row} == {""}
    assert texts(table)[0][3] == "43.0"  # one seed has no spread


def test_the_heat_map_spans_its_own_values(report):
    table = tables.heat_map(report, report.views[0])
    assert table.scale == (35, 90)
    heats = [cell.heat for row in table.rows for cell in row[1:]]
    assert min(heats) == pytest.approx(0.0)
    assert max(heats) == pytest.approx((89 - 35) / 55)


def test_languages_have_a_row_and_a_change(report):
    table = tables.languages(report, report.views[0])
    assert texts(table)[0] == ["Source", "600", "89.0 ± 1.0", "89.0 ± 1.0", "0.0"]
    assert texts(table)[1][0] == "Near"
    assert texts(table)[1][-1] == "+12.0"
    assert table.rows[1][0].note == "near · Latin · Lab · SVO, 60% cognates"
    assert table.rows[0][0].mark == "source"


def test_unknown_languages_keep_their_code(make_run):
    report = Report.of(read_systems([make_run(change=lambda results: results.pop("languages"))]))
    assert [row[0].value for row in tables.languages(report, report.views[0]).rows] == ["src", "near", "far", "rare"]


def test_a_language_one_system_lacks_is_a_dash(make_run):
    runs = [make_run(), make_run("other", values={"src": 80.0, "near": 60.0})]
    report = Report.of(read_systems(runs))
    row = texts(tables.languages(report, report.views[0]))[2]
    assert row[-2:] == ["–", "–"]
    assert tables.heat_map(report, report.views[0]).rows[1][3].heat is None


def test_a_missing_number_is_a_dash_and_counted(make_run):
    def change(results):
        results["scores"][1]["value"] = math.nan

    report = Report.of(read_systems([make_run(change=change), make_run(seed=1)]))
    cell = tables.languages(report, report.views[0]).rows[1][2]
    assert cell.text("score") == "53.0"
    assert cell.note == "1 of 2 seeds"


def test_selection_shows_every_rule(report):
    table = tables.selection(report, report.views[0])
    assert [column.title for column in table.columns[1::2]] == [
        f"{rule}: target mean" for rule in ("source-dev", "last", "average")
    ]
    assert texts(table)[0][1::2] == ["43.0 ± 0.0", "42.4 ± 0.0", "43.4 ± 0.0"]


def test_cost_is_the_mean_of_the_runs_that_paid(report):
    rows = texts(stages.cost(report))
    assert rows[0] == ["unaligned", "pretrain", "40.0 s", "300", "90,000", "2,250", "2 of 3 runs"]
    assert len(rows) == 5


def test_probes_are_in_the_order_of_the_stages(report):
    (table,) = stages.probes(report)
    assert [column.title for column in table.columns[2:]] == ["After pretrain", "After align", "After finetune"]
    assert texts(table)[0] == ["unaligned", "Near", "20.0 ± 0.0", "–", "29.0 ± 0.0"]


def test_nothing_measured_gives_no_table(make_run):
    def change(results):
        results.update(probes=[], stages=[])

    report = Report.of(read_systems([make_run(change=change)]))
    assert stages.cost(report) is None
    assert stages.probes(report) == []
