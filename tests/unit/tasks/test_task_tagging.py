"""Files with a word a line: XTREME's and CoNLL's."""

from __future__ import annotations

import pytest

from crosslift.api.examples import TaggingExample
from crosslift.data.sources import SourceSettings, open_source
from crosslift.errors import DataError
from crosslift.tasks.masakhaner import Masakhaner
from crosslift.tasks.masakhapos import Masakhapos
from crosslift.tasks.panx import Panx
from crosslift.tasks.udpos import Udpos


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_model_of_udpos_can_be_scored_on_masakhapos():
    assert Udpos().labels == Masakhapos().labels


def test_the_languages_of_xtreme_are_a_group():
    panx = Panx()
    assert (len(panx.groups["xtreme"]), len(panx.languages)) == (40, 48)
    assert set(panx.facts["dev"]) == set(panx.languages)


def test_panx_is_tab_separated_and_a_word_may_hold_anything_else(tmp_path):
    path = write(tmp_path / "dev-en.tsv", "New York\tB-LOC\n\u00a0\tO\n\n\u3000\tO\n")
    assert list(Panx().read_file(path)) == [
        TaggingExample("0", ("New York", "\u00a0"), ("B-LOC", "O")),
        TaggingExample("1", ("\u3000",), ("O",)),
    ]
    bare = write(tmp_path / "test-en.tsv", "Paris\n.\n")
    assert list(Panx().read_file(bare)) == [TaggingExample("0", ("Paris", "."))]


def test_masakhane_is_separated_by_blanks(tmp_path):
    text = "-DOCSTART- -X- O\n\nJuma  B-PER\nana\tO\n10\u00a0000 B-DATE \n \nsasa O\n"
    assert list(Masakhaner().read_file(write(tmp_path / "dev.txt", text))) == [
        TaggingExample("0", ("Juma", "ana", "10\u00a0000"), ("B-PER", "O", "B-DATE")),
        TaggingExample("1", ("sasa",), ("O",)),
    ]


def test_panx_is_scored_on_masakhaner_without_dates(tmp_path):
    write(tmp_path / "swa" / "dev.txt", "Juma B-PER\nleo B-DATE\nsasa I-DATE\n")
    own = {"path": "{language}/dev.txt", "labels": {"B-DATE": "O", "I-DATE": "O"}}
    data = open_source(SourceSettings(source="files", path=tmp_path, files={"test": own}))
    assert data.languages(Panx(), "test") == ("swa",)
    assert data.examples(Panx(), "test", "swa") == [TaggingExample("0", ("Juma", "leo", "sasa"), ("B-PER", "O", "O"))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a B-PER\nb\n", "line 2: 1 fields where word and tag are expected"),
        ("a B-PRE\n", "line 1, word 1: 'B-PRE' is not a label of masakhaner; did you mean 'B-PER'"),
    ],
)
def test_mistakes_name_the_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        list(Masakhaner().read_file(write(tmp_path / "dev.txt", text)))
