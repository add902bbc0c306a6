"""The normal form of texts for comparison."""

from __future__ import annotations

import pytest

from crosslift.data.overlap import normalise


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Hello, World!", "hello world"),
        ("Straße", "STRASSE"),
        ("ＡＢＣ１２", "abc12"),
        ("«Bonjour»\u00a0!", "bonjour"),
        ("caf\u00e9", "cafe\u0301"),
        ("你好。", "你好"),
    ],
)
def test_case_blanks_punctuation_and_width_do_not_count(left, right):
    assert normalise(left) == normalise(right)


@pytest.mark.parametrize(("left", "right"), [("कि", "की"), ("cafe", "café"), ("page 1", "page 2")])
def test_letters_marks_and_digits_count(left, right):
    assert normalise(left) != normalise(right)
