"""UD-POS's files."""

from __future__ import annotations

import pytest

from crosslift.api.examples import TaggingExample
from crosslift.errors import DataError
from crosslift.tasks.udpos import Udpos


def read(tmp_path, content):
    path = tmp_path / "dev-en.tsv"
    path.write_bytes(content.encode())
    return list(Udpos().read_file(path))


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n\n\n"])
def test_blank_lines_end_sentences_and_the_last_may_lack_it(tmp_path, end):
    assert read(tmp_path, f"Dogs\tNOUN\nbark\tVERB\n\n\nYes\tINTJ{end}") == [
        TaggingExample("0", ("Dogs", "bark"), ("NOUN", "VERB")),
        TaggingExample("1", ("Yes",), ("INTJ",)),
    ]


def test_test_files_of_xtremes_script_have_bare_words(tmp_path):
    assert read(tmp_path, "Dogs\nbark\n\n") == [TaggingExample("0", ("Dogs", "bark"), None)]


def test_a_word_that_is_a_blank_of_another_kind_is_a_word(tmp_path):
    assert read(tmp_path, "\u3000\tPUNCT\n")[0].words == ("\u3000",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tNOUN\n\nb\tNOUN\nc\tPRONN\n", "line 3, word 2: 'PRONN' is not a label of udpos; did you mean 'PRON'"),
        ("a\tNOUN\nb\n", "line 2: 1 fields where word and tag are expected"),
        ("a\tb\tNOUN\n", "line 1: 3 fields where"),
        ("\tNOUN\n", "line 1: 2 fields where"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"words": ["a", "b"], "tags": ["NOUN"]}, "here: 2 words but 1 tags"),
        ({"words": ["a", "b"], "tags": ["NOUN", None]}, "here: a word without a tag"),
        ({"words": 5}, "here: column 'words' contains a value of type int; expected a list"),
        ({"words": "a", "tags": 5}, "here: column 'tags' contains a value of type int; expected a list"),
    ],
)
def test_rows_must_fit_together(row, message):
    with pytest.raises(DataError, match=message):
        Udpos().from_row(row, 0, where="here")
