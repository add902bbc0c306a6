"""Filters of bitext, and their counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslift.data.bitext import NO_FILTERS
from crosslift.data.filters import FilterReport, FilterSettings, clean
from crosslift.data.pairs import Pair

GOOD = Pair("a small house", "ein kleines Haus")


def cleaned(pairs, settings=None, **more):
    report = FilterReport()
    kept = list(clean(pairs, settings or FilterSettings(), report=report, **more))
    assert report.kept == len(kept)
    assert report.read == len(pairs)
    return kept, dict(report.dropped)


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (Pair("", "ein Haus"), "with an empty side"),
        (Pair("a house", "  "), "with an empty side"),
        (Pair("a" * 1001, "b" * 900), "too long"),
        (Pair("Berlin ", "Berlin"), "with identical sides"),
        (Pair("Yes.", "Das ist nun wirklich ein viel zu langer Satz."), "of too different length"),
        (GOOD, "duplicate"),
    ],
)
def test_each_reason_is_counted(pair, reason):
    assert cleaned([GOOD, pair]) == ([GOOD], {reason: 1})


def test_a_filter_can_be_turned_off():
    pairs = [GOOD, GOOD, Pair("", ""), Pair("x" * 5000, "y"), Pair("z", "z")]
    assert cleaned(pairs, NO_FILTERS) == (pairs, {})


def test_the_same_source_with_another_target_is_no_duplicate():
    other = Pair(GOOD.source, "ein Häuschen")
    assert cleaned([GOOD, other]) == ([GOOD, other], {})


@pytest.mark.parametrize("held_out", ["A small  house!", "Ein kleines Haus"])
def test_a_pair_is_left_out_if_either_side_is_a_test_text(held_out):
    assert cleaned([GOOD, Pair("x y", "u v")], test_texts=[held_out]) == (
        [Pair("x y", "u v")],
        {"in a test set": 1},
    )


def test_links_stay_with_their_pair():
    linked = GOOD._replace(links=((0, 0),))
    assert cleaned([Pair("", "", ((0, 0),)), linked])[0] == [linked]


def test_the_report_reads_as_a_sentence():
    report = FilterReport()
    list(clean([GOOD, GOOD, Pair("", "x")], FilterSettings(), report=report))
    assert str(report) == "3 pairs read, 1 kept; dropped: 1 duplicate, 1 with an empty side"
    assert str(FilterReport(5)) == "5 pairs read, 5 kept"


@given(st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=20))
def test_cleaning_twice_changes_nothing(sides):
    once, _ = cleaned([Pair(*pair) for pair in sides])
    assert cleaned(once) == (once, {})
