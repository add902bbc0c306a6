"""Readers of parallel text."""

from __future__ import annotations

import gzip

import pytest

from crosslift.data.pairs import Pair, bitext_files, parse_links, read_pairs, with_links
from crosslift.errors import DataError, LanguageError

EN_DE = ("en", "de")


def read(path, **more):
    return list(read_pairs(path, languages=EN_DE, **more))


@pytest.mark.parametrize(
    "line", ["a house\tein Haus\n", "bible\tGEN 1:1\ta house\tein Haus\n", "a house ||| ein Haus\n"]
)
def test_layouts_that_need_no_columns(tmp_path, line):
    (tmp_path / "x.tsv").write_text(line, encoding="utf-8")
    assert read(tmp_path / "x.tsv") == [Pair("a house", "ein Haus")]


def test_columns_can_be_named(tmp_path):
    (tmp_path / "x.tsv").write_text("ein Haus\t0.9\ta house\n", encoding="utf-8")
    assert read(tmp_path / "x.tsv", columns=(2, 0)) == [Pair("a house", "ein Haus")]


def test_three_columns_need_names(tmp_path):
    (tmp_path / "x.tsv").write_text("a\tb\tc\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"line 1: 3 fields; two .* or four .* are expected"):
        read(tmp_path / "x.tsv")


def test_a_short_line_is_named(tmp_path):
    (tmp_path / "x.tsv").write_text("a\tb\nc\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2: 1 fields where 2 are expected"):
        read(tmp_path / "x.tsv")


def test_a_barred_line_without_bars_is_named(tmp_path):
    (tmp_path / "x.txt").write_text("a ||| b\nc\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"line 2: 1 fields where `source \|\|\| target` is expected"):
        read(tmp_path / "x.txt")


def test_two_files_are_read_side_by_side(tmp_path):
    (tmp_path / "x.en").write_text("a\n\nc\n", encoding="utf-8")
    (tmp_path / "x.de.gz").write_bytes(gzip.compress(b"A\nB\nC\n"))
    pairs = read(tmp_path / "x.en", target=tmp_path / "x.de")
    assert pairs == [Pair("a", "A"), Pair("", "B"), Pair("c", "C")]


@pytest.mark.parametrize(("source", "target", "shorter"), [("a\n", "A\nB\n", "x.en"), ("a\nb\n", "A\n", "x.de")])
def test_the_shorter_of_two_files_is_named(tmp_path, source, target, shorter):
    (tmp_path / "x.en").write_text(source, encoding="utf-8")
    (tmp_path / "x.de").write_text(target, encoding="utf-8")
    with pytest.raises(DataError, match=rf"{shorter}: ends before line 2"):
        read(tmp_path / "x.en", target=tmp_path / "x.de")


def test_links_come_from_a_pharaoh_file(tmp_path):
    (tmp_path / "x.links").write_text("0-0 1-1\n\n", encoding="utf-8")
    pairs = [Pair("a b", "A B"), Pair("c", "C")]
    assert [pair.links for pair in with_links(pairs, tmp_path / "x.links")] == [((0, 0), (1, 1)), ()]


@pytest.mark.parametrize("content", ["0-0\n", "0-0\n0-0\n0-0\n"])
def test_another_number_of_links_than_of_pairs_is_an_error(tmp_path, content):
    (tmp_path / "x.links").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match="more or fewer lines than there are pairs"):
        list(with_links([Pair("a", "A"), Pair("b", "B")], tmp_path / "x.links"))


@pytest.mark.parametrize("line", ["0", "0-1-2", "a-b", "0-1,1-2"])
def test_a_malformed_link_names_file_and_line(line):
    with pytest.raises(DataError, match=r"x, line 3: .* is not a list of links"):
        parse_links(line, where="x, line 3")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["de.tsv.gz"], ("de.tsv.gz", None)),
        (["en-de.tsv"], ("en-de.tsv", None)),
        (["en-de.tmx"], ("en-de.tmx", None)),
        (["en-de.en", "en-de.de"], ("en-de.en", "en-de.de")),
    ],
)
def test_the_file_of_a_language_pair_is_found_in_a_folder(tmp_path, names, expected):
    for name in names:
        (tmp_path / name).touch()
    assert bitext_files(tmp_path, EN_DE) == tuple(name and tmp_path / name for name in expected)


def test_a_folder_without_the_language_pair_names_the_nearest_file(tmp_path):
    (tmp_path / "da.tsv").touch()
    with pytest.raises(LanguageError, match=r"no bitext of en-de .*did you mean 'da\.tsv'"):
        bitext_files(tmp_path, EN_DE)
