"""Pairs of languages and agreement between them, as tables and on the page."""

from __future__ import annotations

import pytest

from crosslift.report.runs import language_pairs, markdown, page
from crosslift.report.runs.view import Report
from crosslift.runs.systems import read_systems

CODES = ("src", "near", "far")


def grid(shift, *, rule="source-dev"):
    cells = [
        {"first": first, "second": second, "value": 50.0 + 10 * (first == second) + shift + place, "items": 60}
        for place, first in enumerate(CODES)
        for second in CODES
    ]
    return {"task": "nli", "metric": "accuracy", "selection": rule, "macro": 55.0, "cells": cells}


def agreed(value, *, rule="source-dev"):
    return {
        "task": "nli",
        "selection": rule,
        "agreement": value,
        "fleiss_kappa": 0.25,
        "items": 1200,
        "compared": CODES,
        "languages": [],
    }


def saying(grids, agreements=()):
    """Return what adds these to a run's results."""
    return lambda values: values.update(generalized=list(grids), consistency=list(agreements))


@pytest.fixture
def report(make_run):
    runs = [
        make_run(seed=seed, change=saying([grid(seed)], [agreed(70 + seed), agreed(1, rule="last")])) for seed in (0, 2)
    ]
    return Report.of(read_systems(runs))


def test_pairs_are_means_over_seeds_with_the_source_first(report):
    (table,) = language_pairs.pairs(report, report.views[0])
    assert [column.title for column in table.columns] == ["First", *CODES]
    assert [[cell.value for cell in row[1:]] for row in table.rows] == [[61, 51, 51], [52, 62, 52], [53, 53, 63]]
    assert table.scale == (50, 65)
    assert "off the diagonal: 52.0" in table.caption


def test_a_pair_that_is_missing_is_left_blank(make_run):
    lacking = grid(0)
    lacking["cells"][-1]["value"] = None
    report = Report.of(read_systems([make_run(change=saying([lacking]))]))
    (table,) = language_pairs.pairs(report, report.views[0])
    assert table.rows[-1][-1].text("score") == "–"


def test_agreement_is_that_of_the_rule_shown(report):
    table = language_pairs.agreement(report, report.views[0])
    assert table is not None
    assert [cell.text(column.kind) for cell, column in zip(table.rows[0], table.columns, strict=True)] == [
        "unaligned",
        "71.0 ± 1.4",
        "0.25",
        "1,200",
        "3",
    ]


def test_agreement_of_earlier_versions_does_not_name_its_languages(make_run):
    earlier = {key: value for key, value in agreed(70).items() if key not in ("items", "compared")}
    report = Report.of(read_systems([make_run(change=saying([], [earlier]))]))
    table = language_pairs.agreement(report, report.views[0])
    assert table is not None
    assert [cell.text(column.kind) for cell, column in zip(table.rows[0], table.columns, strict=True)][3:] == ["–", "–"]


def test_page_and_markdown_show_both(report):
    shown = page.render(report)
    assert shown.count("Pairs of languages: unaligned") >= 1
    assert "Agreement between languages" in shown
    text = markdown.render(report)
    assert "### Pairs of languages: unaligned" in text
    assert "| far | 53.0 | 53.0 | 63.0 |" in text


def test_runs_without_pairs_have_no_table(make_run):
    report = Report.of(read_systems([make_run()]))
    assert language_pairs.pairs(report, report.views[0]) == []
    assert language_pairs.agreement(report, report.views[0]) is None
    assert "Pairs of languages" not in page.render(report)
