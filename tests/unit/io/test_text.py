"""Readers of text files, and their errors."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from crosslift.errors import DataError
from crosslift.io import text


def write(path: Path, content: str | bytes) -> Path:
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


@pytest.mark.parametrize("stored", ["a.tsv", "a.tsv.gz"])
@pytest.mark.parametrize("asked", ["a.tsv", "a.tsv.gz"])
def test_a_file_is_found_plain_or_compressed_however_it_is_named(tmp_path, stored, asked):
    write(tmp_path / stored, "x\n")
    assert text.find(tmp_path / asked) == tmp_path / stored
    assert list(text.lines(tmp_path / asked)) == [(1, "x")]


def test_a_plain_file_wins_over_a_compressed_one_of_the_same_name(tmp_path):
    write(tmp_path / "a.tsv", "plain\n")
    write(tmp_path / "a.tsv.gz", "compressed\n")
    assert list(text.lines(tmp_path / "a.tsv")) == [(1, "plain")]


def test_lines_end_at_the_newline_only(tmp_path):
    inside = "a\u001cb\u0085c\u2028d\u2029e\x0bf\x0cg\rh"
    path = write(tmp_path / "a.txt", f"{inside}\n\nlast")
    assert list(text.lines(path)) == [(1, inside), (2, ""), (3, "last")]


def test_windows_line_ends_and_a_byte_order_mark_are_removed(tmp_path):
    path = write(tmp_path / "a.txt", b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert list(text.lines(path)) == [(1, "one"), (2, "two")]


def test_a_missing_file_names_the_nearest(tmp_path):
    write(tmp_path / "dev-de.tsv", "x\n")
    with pytest.raises(DataError, match=r"dev-dee\.tsv: no such file.*did you mean 'dev-de\.tsv'"):
        list(text.lines(tmp_path / "dev-dee.tsv"))


def test_a_missing_folder_is_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        text.existing(tmp_path / "no" / "such.tsv")


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_an_empty_file_is_an_error(tmp_path, name):
    with pytest.raises(DataError, match="the file is empty"):
        list(text.lines(write(tmp_path / name, "")))


def test_a_wrong_encoding_names_line_and_byte(tmp_path):
    path = write(tmp_path / "a.txt", b"gut\nsch\xf6n\n")
    with pytest.raises(DataError, match=r"a\.txt, line 2, byte 4: not UTF-8 \(found 0xf6\)"):
        list(text.lines(path))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_named(tmp_path, encoding):
    path = write(tmp_path / "a.txt", "\ufeffgut\n".encode(encoding))
    with pytest.raises(DataError, match="line 1: the file is UTF-16"):
        list(text.lines(path))


def test_a_nul_byte_names_its_line(tmp_path):
    with pytest.raises(DataError, match="line 3: a NUL byte"):
        list(text.lines(write(tmp_path / "a.txt", b"a\nb\nc\0\n")))


@pytest.mark.parametrize(
    "content", [b"no gzip at all", gzip.compress(b"some text\n" * 99, mtime=0)[:-20]], ids=["no gzip", "cut off"]
)
def test_a_damaged_gzip_file_is_a_data_error(tmp_path, content):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read after line"):
        list(text.lines(path))


def test_sha256_is_of_the_file_as_stored(tmp_path):
    path = write(tmp_path / "a.txt", "abc")
    assert text.sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_tsv_takes_names_from_the_first_line_or_from_the_caller(tmp_path):
    path = write(tmp_path / "a.tsv", "id\ttext\n1\tone\n")
    assert list(text.tsv(path)) == [(2, {"id": "1", "text": "one"})]
    assert list(text.tsv(path, ("a", "b")))[1] == (2, {"a": "1", "b": "one"})


def test_tsv_optional_columns_may_be_missing(tmp_path):
    path = write(tmp_path / "a.tsv", "p\th\np\th\tneutral\n")
    assert [row for _, row in text.tsv(path, ("p", "h", "label"), optional=1)] == [
        {"p": "p", "h": "h"},
        {"p": "p", "h": "h", "label": "neutral"},
    ]


def test_tsv_names_the_line_with_a_wrong_number_of_fields(tmp_path):
    path = write(tmp_path / "a.tsv", "a\tb\nx\ty\nx\ty\tz\n")
    with pytest.raises(DataError, match=r"line 3: 3 fields where 2 fields \(a, b\) are expected"):
        list(text.tsv(path))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('"He said ""no""."', 'He said "no".'),
        ('"""No"""', '"No"'),
        ('"No."', '"No."'),
        ('He said "no"', 'He said "no"'),
        ('"No" and "yes"', '"No" and "yes"'),
        ('"', '"'),
        ('""', '""'),
        ('"""', '"""'),
        ("", ""),
    ],
)
def test_only_fields_quoted_by_a_csv_writer_are_unquoted(field, expected):
    assert text.unquote(field) == expected


def test_csv_fields_may_contain_commas_quotes_and_line_ends(tmp_path):
    path = write(tmp_path / "a.csv", 'text,label\n"one, ""two""\nthree",x\nlast,y\n')
    assert list(text.csv(path)) == [
        (3, {"text": 'one, "two"\nthree', "label": "x"}),
        (4, {"text": "last", "label": "y"}),
    ]


def test_csv_with_an_open_quotation_names_the_line(tmp_path):
    path = write(tmp_path / "a.csv", 'text,label\n"one,x\n')
    with pytest.raises(DataError, match="line 2: not well-formed csv"):
        list(text.csv(path))


def test_csv_with_a_wrong_number_of_fields_names_the_line(tmp_path):
    path = write(tmp_path / "a.csv", "text,label\none\n")
    with pytest.raises(DataError, match=r"line 2: 1 fields where 2 fields"):
        list(text.csv(path))


def test_jsonl_keeps_unusual_line_separators_and_skips_blank_lines(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"a": "x\u2028y"}\n\n{"a": 2}\n')
    assert list(text.jsonl(path)) == [(1, {"a": "x\u2028y"}), (3, {"a": 2})]


def test_bad_json_names_line_and_column(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"a": 1}\n{"a": }\n')
    with pytest.raises(DataError, match="line 2, column 7: not JSON"):
        list(text.jsonl(path))


def test_json_other_than_an_object_names_line_and_type(tmp_path):
    with pytest.raises(DataError, match="line 1: a JSON list where an object is expected"):
        list(text.jsonl(write(tmp_path / "a.jsonl", "[1]\n")))


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", "x,y\n1,2\n"), ("a.tsv", "x\ty\n1\t2\n"), ("a.jsonl.gz", '{"x": "1", "y": "2"}\n')],
)
def test_rows_reads_by_the_suffix(tmp_path, name, content):
    assert [row for _, row in text.rows(write(tmp_path / name, content), ("x", "y"))] == [{"x": "1", "y": "2"}]


def test_rows_names_an_unknown_suffix(tmp_path):
    with pytest.raises(DataError, match=r"'\.parquet' is not a known format \(available: \.csv"):
        list(text.rows(write(tmp_path / "a.parquet", "x")))


def test_a_missing_column_names_the_nearest(tmp_path):
    path = write(tmp_path / "a.csv", "premis,label\nx,y\n")
    with pytest.raises(DataError, match=r"line 2: no column 'premise'; did you mean 'premis'"):
        list(text.rows(path, ("premise",)))
