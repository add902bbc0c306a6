"""A directory in XTREME's layout."""

from __future__ import annotations

import hashlib

import pytest

from crosslift.api.examples import PairExample, RetrievalExample, SentenceExample, TaggingExample
from crosslift.data.sources import SourceSettings, open_source
from crosslift.data.sources.directory import Directory, present
from crosslift.errors import DataError, LanguageError
from crosslift.tasks.sib200 import Sib200
from crosslift.tasks.tatoeba import Tatoeba
from crosslift.tasks.udpos import Udpos
from crosslift.tasks.xnli import Xnli


def test_examples_of_every_task_type(xtreme):
    source = open_source(SourceSettings(source="directory", path=xtreme))
    assert source.examples(Xnli(), "dev", "de") == [PairExample("0", "Ein Hund.", "Ein Tier.", "entailment")]
    assert source.examples(Xnli(), "test", "en") == [PairExample("0", "A dog.", "An animal.", None)]
    assert source.examples(Udpos(), "train", "en") == [
        TaggingExample("0", ("Dogs", "bark"), ("NOUN", "VERB")),
        TaggingExample("1", ("Yes",), ("INTJ",)),
    ]
    assert source.examples(Sib200(), "train", "eng_Latn") == [SentenceExample("7", "They run.", "sports")]
    assert source.examples(Tatoeba(), "test", "af") == [
        RetrievalExample("0", "Dog.", "Hond."),
        RetrievalExample("1", "Cat.", "Kat."),
    ]


def test_languages_are_those_with_a_file_the_benchmarks_own_first(xtreme):
    source = Directory(xtreme)
    assert source.languages(Xnli(), "dev") == ("de", "en", "ko")
    assert source.languages(Xnli(), "train") == ("en",)
    assert source.languages(Tatoeba(), "test") == ("af",)
    assert source.languages(Sib200(), "train") == ("eng_Latn",)
    assert source.languages(Sib200(), "dev") == ()


def test_a_pattern_has_the_same_language_throughout(tmp_path):
    for name in ("a-en.a", "b-en.c", "de-en.de.gz", "x-en.x.txt", "de-en.en"):
        (tmp_path / name).touch()
    assert present(tmp_path, "{language}-en.{language}") == ["a", "de"]


def test_a_missing_language_names_the_nearest(xtreme):
    with pytest.raises(LanguageError, match=r"xnli has no dev split in 'deu'; did you mean 'de'\? \(available: de"):
        Directory(xtreme).examples(Xnli(), "dev", "deu")


def test_a_missing_split_names_the_expected_files(xtreme):
    with pytest.raises(DataError, match=r"no dev split of sib200 \(looked for sib200/\{language\}/dev\.tsv"):
        Directory(xtreme).examples(Sib200(), "dev", "eng_Latn")
    with pytest.raises(DataError, match=r"no train split of tatoeba \(the task has: test\)"):
        Directory(xtreme).examples(Tatoeba(), "train", "af")


def test_a_missing_directory_explains_the_layout(tmp_path):
    with pytest.raises(DataError, match="no such directory; name the folder that contains xnli/"):
        Directory(tmp_path / "no")
    with pytest.raises(DataError, match="needs a path"):
        open_source(SourceSettings(source="directory"))


def test_a_file_without_rows_is_an_error(xtreme):
    (xtreme / "sib200/eng_Latn/train.tsv").write_text("index_id\tcategory\ttext\n", encoding="utf-8")
    with pytest.raises(DataError, match="the train split of sib200 in 'eng_Latn' has no examples"):
        Directory(xtreme).examples(Sib200(), "train", "eng_Latn")


def test_the_record_names_each_file_read_and_its_digest(xtreme):
    source = Directory(xtreme)
    assert source.describe()["files"] == {}
    source.examples(Tatoeba(), "test", "af")
    assert source.describe() == {
        "source": "directory",
        "path": str(xtreme),
        "files": {
            name: hashlib.sha256((xtreme / name).read_bytes()).hexdigest()
            for name in ("tatoeba/af-en.af", "tatoeba/af-en.en.gz")
        },
    }


def test_labels_and_source_language_are_the_tasks(xtreme):
    assert Directory(xtreme).labels(Xnli()) == Xnli.labels
    assert Directory(xtreme).source_language(Sib200()) == "eng_Latn"
