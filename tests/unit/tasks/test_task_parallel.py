"""NTREX and SIB-200 as retrieval tasks."""

from __future__ import annotations

import os

import pytest

from crosslift.api.examples import RetrievalExample
from crosslift.data.sources import SourceSettings, open_source
from crosslift.data.test_data import read_test_set
from crosslift.errors import DataError
from crosslift.tasks.ntrex import Ntrex
from crosslift.tasks.sib200_retrieval import Sib200Retrieval


def source(root):
    return open_source(SourceSettings(source="directory", path=root))


@pytest.mark.parametrize("folder", ["ntrex", "NTREX-128"])
def test_lines_of_ntrex_are_pairs(tmp_path, folder):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "newstest2019-src.eng.txt").write_text("One.\nTwo.\n", encoding="utf-8")
    for code, text in {"deu": "Eins.\nZwei.\n", "xho": "Nye.\nMbini.\n", "zho-CN": "一。\n"}.items():
        (tmp_path / folder / f"newstest2019-ref.{code}.txt").write_text(text, encoding="utf-8")
    data = source(tmp_path)
    assert data.languages(Ntrex(), "test") == ("deu", "xho", "zho-CN")
    assert data.examples(Ntrex(), "test", "deu") == [
        RetrievalExample("0", "One.", "Eins."),
        RetrievalExample("1", "Two.", "Zwei."),
    ]
    with pytest.raises(DataError, match=r"zho-CN\.txt: 1 lines, but 2 in English"):
        data.examples(Ntrex(), "test", "zho-CN")


def sib(root, language, **splits):
    (root / "sib200" / language).mkdir(parents=True)
    for split, sentences in splits.items():
        rows = "".join(f"{key}\ttravel\t{text}\n" for key, text in sentences.items())
        (root / "sib200" / language / f"{split}.tsv").write_text(f"index_id\tcategory\ttext\n{rows}", encoding="utf-8")


def test_sentences_of_sib200_are_joined_by_their_id(tmp_path):
    sib(tmp_path, "eng_Latn", train={3: "Three.", 1: "One."}, dev={2: "Two."})
    sib(tmp_path, "deu_Latn", train={1: "Eins.", 3: "Drei."}, dev={2: "Zwei."})
    sib(tmp_path, "swh_Latn", dev={2: "Mbili."})
    sib(tmp_path, "xho_Latn", train={9: "?"})
    data = source(tmp_path)
    assert data.examples(Sib200Retrieval(), "test", "deu_Latn") == [
        RetrievalExample("1", "One.", "Eins."),
        RetrievalExample("3", "Three.", "Drei."),
        RetrievalExample("2", "Two.", "Zwei."),
    ]
    assert [each.id for each in data.examples(Sib200Retrieval(), "test", "swh_Latn")] == ["2"]
    with pytest.raises(DataError, match=r"xho_Latn/train.tsv, line 2: index_id 9 is not in eng_Latn"):
        data.examples(Sib200Retrieval(), "test", "xho_Latn")
    chosen = read_test_set(data, Sib200Retrieval(), "test", ["deu_Latn", "swh_Latn"])
    assert list(chosen.by_language) == ["deu_Latn", "swh_Latn"]


@pytest.mark.real
@pytest.mark.skipif("CROSSLIFT_REAL_DATA" not in os.environ, reason="CROSSLIFT_REAL_DATA is not set")
def test_real_counts():
    data = source(os.environ["CROSSLIFT_REAL_DATA"])
    assert len(data.languages(Ntrex(), "test")) == 44
    assert len(data.examples(Ntrex(), "test", "zul")) == 988
    there = read_test_set(data, Sib200Retrieval(), "test", None)
    assert len(there.by_language) == 61
    assert {len({example.id for example in examples}) for examples in there.by_language.values()} == {800}
