"""Units of alignment, and their normalized forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslift.encoder.scratch.tokenizer import train_tokenizer
from crosslift.wordalign.settings import AlignerSettings
from crosslift.wordalign.units import form, split_pairs, subwords, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" ", []),
        ("a b", ["a", "b"]),
        ("  a \t b  ", ["a", "b"]),
        ("a\u00a0b c\u2028d", ["a\u00a0b", "c\u2028d"]),
    ],
)
def test_words_are_split_at_spaces_and_tabs_only(text, expected):
    assert words(text) == expected


@given(st.lists(st.text(st.characters(exclude_characters=" \t"), min_size=1), max_size=5))
def test_words_joined_by_spaces_are_split_there(given_words):
    assert words(" ".join(given_words)) == given_words


@pytest.mark.parametrize(
    ("unit", "settings", "expected"),
    [
        ("Häuser,", {}, "häuser"),
        ("STRASSE", {}, "strasse"),
        ("straße", {}, "strasse"),
        ("«Où?»", {}, "où"),
        ("don't", {}, "don't"),
        ("...", {}, "..."),
        ("।", {}, "।"),
        ("$5", {}, "$5"),
        ("Häuser,", {"case_fold": False}, "Häuser"),
        ("Häuser,", {"strip_punctuation": False}, "häuser,"),
        ("(Häuser)", {"stem_length": 3}, "häu"),
        ("ab", {"stem_length": 3}, "ab"),
    ],
)
def test_forms(unit, settings, expected):
    assert form(unit, AlignerSettings(**settings)) == expected


@given(st.text(min_size=1))
def test_no_word_has_an_empty_form(unit):
    assert form(unit, AlignerSettings())


def test_subwords_are_those_of_the_tokenizer_without_special_tokens():
    tokenizer = train_tokenizer(["ein Haus am See", "zwei Häuser"], 30)
    cut = subwords(tokenizer)("zwei Häuser am See")
    assert cut == tokenizer.convert_ids_to_tokens(
        tokenizer("zwei Häuser am See", add_special_tokens=False)["input_ids"]
    )
    assert subwords(tokenizer)("") == []


def test_what_is_no_text_is_cut_already():
    assert list(split_pairs([("a b", ["a b", "c"]), (("x",), "y z")], words)) == [
        (["a", "b"], ["a b", "c"]),
        (("x",), ["y", "z"]),
    ]
