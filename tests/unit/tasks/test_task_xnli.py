"""XNLI's files."""

from __future__ import annotations

import pytest

from crosslift.api.examples import PairExample
from crosslift.errors import DataError
from crosslift.tasks.xnli import Xnli


def read(tmp_path, content):
    path = tmp_path / "dev-en.tsv"
    path.write_bytes(content.encode())
    return list(Xnli().read_file(path))


def test_rows_are_numbered_and_may_lack_the_label(tmp_path):
    assert read(tmp_path, "a\tb\tneutral\nc\td\n") == [
        PairExample("0", "a", "b", "neutral"),
        PairExample("1", "c", "d", None),
    ]


def test_files_of_xtremes_script_are_csv_quoted_with_windows_line_ends(tmp_path):
    (example,) = read(tmp_path, '"He said ""no""."\tHe refused.\tentailment\r\n')
    assert example == PairExample("0", 'He said "no".', "He refused.", "entailment")


def test_unusual_line_separators_stay_in_the_sentence(tmp_path):
    (example,) = read(tmp_path, "a\u001cb\u2028c\td\tneutral\n")
    assert example.first == "a\u001cb\u2028c"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\tneutral\na\tb\tcontradicton\n", "line 2: 'contradicton' is not a label of xnli; did you mean"),
        ("a\n", r"line 1: 1 fields where 3 fields \(premise, hypothesis, label\) are expected"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, content)
