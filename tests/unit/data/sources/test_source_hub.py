"""The hub: rows in the format of its data sets, saved to disk here so that nothing is downloaded."""

from __future__ import annotations

import importlib
import sys

import pytest

from crosslift.api.examples import PairExample, RetrievalExample, SentenceExample, TaggingExample
from crosslift.data.sources import SourceSettings, open_source
from crosslift.data.test_data import read_test_set
from crosslift.errors import DataError, InputError, LanguageError
from crosslift.pipeline.inputs.read import table_test_set
from crosslift.recipe.tables.evaluate import EvaluateTable
from crosslift.tasks.americasnli import Americasnli
from crosslift.tasks.sib200 import Sib200
from crosslift.tasks.tatoeba import Tatoeba
from crosslift.tasks.udpos import Udpos
from crosslift.tasks.xnli import Xnli

datasets = pytest.importorskip("datasets")

XNLI = datasets.Features(
    premise=datasets.Value("string"),
    hypothesis=datasets.Value("string"),
    label=datasets.ClassLabel(names=["entailment", "neutral", "contradiction"]),
)
SIB200 = datasets.Features(
    index_id=datasets.Value("int64"), category=datasets.Value("string"), text=datasets.Value("string")
)
UDPOS = datasets.Features(
    tokens=datasets.List(datasets.Value("string")),
    pos_tags=datasets.List(datasets.ClassLabel(names=sorted(Udpos.labels))),
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a folder with one configuration of each data set."""
    root = tmp_path_factory.mktemp("hub")

    def save(folder, rows, *, features=None):
        splits = {split: datasets.Dataset.from_dict(columns, features=features) for split, columns in rows.items()}
        datasets.DatasetDict(splits).save_to_disk(root / folder)

    pair = {"premise": ["A dog.", "x"], "hypothesis": ["An animal.", "y"], "label": [0, 2]}
    hidden = {"premise": ["A dog."], "hypothesis": ["An animal."], "label": [-1]}
    save("facebook/xnli/en", {"validation": pair, "test": hidden}, features=XNLI)
    save("facebook/xnli/de", {"validation": {name: values[:1] for name, values in pair.items()}}, features=XNLI)
    for code in ("gn", "quy"):
        save(f"nala-cub/americas_nli/{code}", {"validation": pair}, features=XNLI)
    save(
        "nala-cub/americas_nli/nah", {"validation": {name: values[1:] for name, values in pair.items()}}, features=XNLI
    )
    save("eng_Latn", {"train": {"index_id": [7], "category": ["sports"], "text": ["Run!"]}}, features=SIB200)
    save(
        "google/xtreme/udpos.German", {"test": {"tokens": [["Hunde", "bellen"]], "pos_tags": [[7, 15]]}}, features=UDPOS
    )
    sentences = {"source_sentence": ["Hond."], "target_sentence": ["Dog."], "source_lang": ["afr"]}
    save("google/xtreme/tatoeba.afr", {"validation": sentences})
    return root


@pytest.fixture
def hub(saved):
    return open_source(SourceSettings(source="hub", path=saved))


def test_rows_become_examples(hub):
    assert hub.examples(Xnli(), "dev", "en") == [
        PairExample("0", "A dog.", "An animal.", "entailment"),
        PairExample("1", "x", "y", "contradiction"),
    ]
    assert hub.examples(Sib200(), "train", "eng_Latn") == [SentenceExample("7", "Run!", "sports")]
    assert hub.examples(Udpos(), "test", "de") == [TaggingExample("0", ("Hunde", "bellen"), ("NOUN", "VERB"))]
    assert hub.examples(Tatoeba(), "test", "af") == [RetrievalExample("0", "Dog.", "Hond.")]


def test_a_language_with_gaps_has_its_own_ids(hub):
    """Its first row is not the translation of the others' first row, and the data has no ids."""
    ids = {code: [one.id for one in hub.examples(Americasnli(), "dev", code)] for code in ("gn", "nah")}
    assert ids == {"gn": ["0", "1"], "nah": ["nah-0"]}


def test_a_test_set_notes_languages_that_match_no_other(hub):
    def notes(*languages):
        return [note for note in read_test_set(hub, Americasnli(), "dev", languages).notes if "has the id" in note]

    assert notes("gn", "quy", "nah") == [
        "americasnli dev: no example of nah has the id of an example in another language; agreement, retrieval and "
        "rank distance leave them out"
    ]
    assert notes("gn", "quy") == []


def test_pairs_of_languages_that_match_nothing_are_refused_before_training(hub, saved):
    table = EvaluateTable(task="americasnli", split="dev", languages=["gn", "nah"], generalized=True)
    with pytest.raises(DataError, match=r"evaluate\.generalized: 'gn' and 'nah' have no example"):
        table_test_set(hub, table, SourceSettings(source="hub", path=saved))


def test_hidden_labels_are_none(hub):
    assert hub.examples(Xnli(), "test", "en") == [PairExample("0", "A dog.", "An animal.", None)]


def test_languages_of_a_folder_are_those_with_the_split(hub):
    assert hub.languages(Xnli(), "dev") == ("de", "en")
    assert hub.languages(Xnli(), "test") == ("en",)
    with pytest.raises(LanguageError, match=r"saved data sets.: xnli has no test split in 'de'"):
        hub.examples(Xnli(), "test", "de")


def test_languages_of_the_hub_are_those_it_codes():
    hub = open_source(SourceSettings(source="hub"))
    assert hub.languages(Xnli(), "test") == Xnli.languages
    assert hub.languages(Tatoeba(), "test") == Tatoeba.groups["xtreme"]
    assert hub.languages(Tatoeba(), "train") == ()
    assert "wo" not in hub.languages(Udpos(), "test")


def test_a_hub_that_cannot_be_reached_says_what_to_do(monkeypatch):
    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("Couldn't reach 'facebook/xnli' on the Hub\nand more")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(DataError, match=r"Couldn't reach .* on the Hub; without a network, use source ="):
        open_source(SourceSettings(source="hub")).examples(Xnli(), "test", "de")


def test_requests_to_the_hub(monkeypatch):
    asked = []

    def answer(*arguments, **named):
        asked.append((arguments, named))
        return datasets.Dataset.from_dict({"tokens": [["a"]], "pos_tags": [[0]]}, features=UDPOS)

    monkeypatch.setattr(datasets, "load_dataset", answer)
    source = open_source(SourceSettings(source="hub", revision="abc"))
    assert source.examples(Udpos(), "dev", "zh") == [TaggingExample("0", ("a",), ("ADJ",))]
    assert asked == [(("google/xtreme", "udpos.Chinese"), {"split": "validation", "revision": "abc"})]
    assert source.describe()["revision"] == "abc"


def test_a_missing_column_names_data_set_and_split(monkeypatch):
    data = datasets.Dataset.from_dict({"premise": ["a"], "hypotheses": ["b"], "label": [0]})
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: data)
    with pytest.raises(DataError, match=r"facebook/xnli de test: no column 'hypothesis'; did you mean"):
        open_source(SourceSettings(source="hub")).examples(Xnli(), "test", "de")


def test_the_record_holds_a_digest_of_the_examples(hub):
    hub.examples(Xnli(), "dev", "de")
    (name, digest), *_ = hub.describe()["examples"].items()
    assert name == "facebook/xnli de validation"
    assert len(digest) == 64


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    monkeypatch.delitem(sys.modules, "crosslift.data.sources.hub")
    with pytest.raises(InputError, match=r'pip install "crosslift\[hub\]"'):
        importlib.import_module("crosslift.data.sources.hub")
