"""Colours, number formats, and the two plain-text renderers."""

from __future__ import annotations

import doctest
import io

import pytest
from rich.console import Console

from crosslift import report
from crosslift.report.charts import colours
from crosslift.report.runs import markdown_tables
from crosslift.tables import format as fmt
from crosslift.tables.table import Cell, Column, Table


def test_formats_do_what_their_examples_say():
    outcome = doctest.testmod(fmt)
    assert outcome.attempted >= 10
    assert outcome.failed == 0


def test_contrast_is_that_of_the_guidelines():
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("step", range(0, 101, 5))
def test_numbers_on_the_colour_scale_can_be_read(step):
    shade = colours.shade(step / 100)
    assert colours.contrast(shade.light, shade.light_ink) >= 4.5
    assert colours.contrast(shade.dark, shade.dark_ink) >= 4.5


def test_the_colour_scale_is_ordered_by_lightness_alone():
    shades = [colours.shade(step / 20) for step in range(21)]
    on_white = [colours.contrast(shade.light, "#ffffff") for shade in shades]
    on_black = [colours.contrast(shade.dark, "#000000") for shade in shades]
    assert on_white == sorted(on_white)
    assert on_black == sorted(on_black)


@pytest.mark.parametrize("paper", colours.PAPER.values())
@pytest.mark.parametrize("hue", colours.HUES)
def test_lines_stand_out_on_both_papers(hue, paper):
    assert colours.contrast(hue, paper) >= 3


def printed(tables, width=100):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    for table in tables:
        console.print(table)
    return console.file.getvalue()


def test_the_terminal_shows_systems_and_languages(two_systems):
    lines = printed(report.terminal(two_systems)).splitlines()
    assert " ".join(" ".join(lines[:2]).split()).startswith("nli, accuracy in percent, zero-shot from src, 3 seeds")
    assert lines[2].split() == ["system", "src", "near", "far", "rare", "target", "mean", "gap"]
    assert lines[4].split() == ["aligned", "89.0", "65.0", "47.0", "53.0", "55.0", "±", "0.0", "34.0"]


def test_many_languages_stand_in_rows(make_run):
    values = {f"l{number:02}": 50.0 + number for number in range(14)}
    text = printed(report.terminal([make_run(values=values)]), width=60)
    assert "l13" in text.splitlines()[-3]
    assert "63.0" in text.splitlines()[-3]


def test_square_brackets_are_letters_on_the_terminal(make_run):
    assert "[red]x[/red]" in printed(report.terminal([make_run("[red]x[/red]", folder="run")]))


def test_markdown_has_the_summary_and_the_tables(two_systems):
    text = report.markdown(two_systems)
    assert text.startswith("# aligned against unaligned\n\naligned raised the mean")
    assert "| aligned | 3 | 89.0 ± 1.0 | **55.0 ± 0.0** |" in text
    assert "- Differences are not tested here" in text
    assert "## Warnings" not in text


def test_a_cell_cannot_break_a_markdown_table():
    table = Table("T", "", (Column("a|b", "text"),), ((Cell("x | y\n<b>"),),))
    assert markdown_tables.table_text(table) == "| a\\|b |\n| --- |\n| x \\| y \\<b\\> |"
