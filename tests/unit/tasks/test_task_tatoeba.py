"""Tatoeba's files: line i of both is a pair."""

from __future__ import annotations

import gzip

import pytest

from crosslift.api.examples import RetrievalExample
from crosslift.errors import DataError
from crosslift.tasks.tatoeba import Tatoeba


def read(tmp_path, foreign, english, *, name="af-en.af"):
    raw = foreign.encode()
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    (tmp_path / "af-en.en").write_text(english, encoding="utf-8")
    return list(Tatoeba().read_file(tmp_path / name))


@pytest.mark.parametrize("name", ["af-en.af", "af-en.af.gz"])
def test_ids_keep_the_order(tmp_path, name):
    assert read(tmp_path, "Hond.\nKat.\n", "Dog.\nCat.\n", name=name) == [
        RetrievalExample("0", "Dog.", "Hond."),
        RetrievalExample("1", "Cat.", "Kat."),
    ]


@pytest.mark.parametrize(("foreign", "english"), [("a\nb\n", "x\n"), ("a\n", "x\ny\n")])
def test_files_of_different_length_are_no_pairs(tmp_path, foreign, english):
    with pytest.raises(DataError, match=r"lines, but . in English; expected line i of both to be a pair"):
        read(tmp_path, foreign, english)


def test_the_english_side_must_be_there(tmp_path):
    (tmp_path / "af-en.af").write_text("Hond.\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"af-en\.en: no such file"):
        list(Tatoeba().read_file(tmp_path / "af-en.af"))


def test_an_english_side_sorted_by_xtremes_script_has_lost_the_pairs(tmp_path):
    lines = [f"sentence {number:03}\n" for number in range(100)]
    with pytest.raises(DataError, match="the English side is sorted, as XTREME's download script writes it"):
        read(tmp_path, "".join(lines), "".join(lines))
    assert len(read(tmp_path, "".join(lines), "".join(lines[::-1]))) == 100
