"""PAWS-X's files."""

from __future__ import annotations

import pytest

from crosslift.api.examples import PairExample
from crosslift.errors import DataError
from crosslift.tasks.pawsx import Pawsx


def read(tmp_path, content):
    path = tmp_path / "dev-es.tsv"
    path.write_bytes(content.encode())
    return list(Pawsx().read_file(path))


def test_labels_are_numbers_and_may_be_lacking(tmp_path):
    assert read(tmp_path, "a\tb\t0\nc\td\t1\ne\tf\n") == [
        PairExample("0", "a", "b", "different"),
        PairExample("1", "c", "d", "paraphrase"),
        PairExample("2", "e", "f", None),
    ]


def test_quotes_are_undone_and_strange_characters_and_untranslated_sentences_stay(tmp_path):
    first, second = read(tmp_path, '"obispo de ""Nisa"""\ta\u001cb\u2028c\t1\nNS\tNS\t0\n')
    assert first == PairExample("0", 'obispo de "Nisa"', "a\u001cb\u2028c", "paraphrase")
    assert second == PairExample("1", "NS", "NS", "different")


class Numbered:
    """As the hub's ClassLabel."""

    @staticmethod
    def int2str(value: int) -> str:
        return ("0", "1")[value]


def test_the_hubs_numbers_and_names_of_labels_are_understood():
    row = {"sentence1": "a", "sentence2": "b"}

    def label(value, **features):
        return Pawsx().from_row(row | {"label": value}, 0, where="here", features=features or None).label

    assert [label(value, label=Numbered()) for value in (0, 1, -1)] == ["different", "paraphrase", None]
    assert label("paraphrase") == "paraphrase"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\t1\na\tb\t2\n", "line 2: '2' is not a label of pawsx"),
        ("a\tb\tparafrase\n", "did you mean 'paraphrase'"),
        ("a\n", r"line 1: 1 fields where 3 fields \(sentence1, sentence2, label\) are expected"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, content)
