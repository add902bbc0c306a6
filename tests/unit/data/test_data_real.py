"""Counts of real data against the published ones.  CROSSLIFT_REAL_DATA names the directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crosslift.api import registry
from crosslift.data import checks
from crosslift.data.bitext import NO_FILTERS, Bitext
from crosslift.data.sources import SourceSettings, open_source

ROOT = os.environ.get("CROSSLIFT_REAL_DATA")
pytestmark = [pytest.mark.real, pytest.mark.skipif(ROOT is None, reason="CROSSLIFT_REAL_DATA is not set")]

PRESENT = {
    ("xnli", "dev"): 17,
    ("xnli", "test"): 8,
    ("sib200", "train"): 62,
    ("sib200", "dev"): 62,
    ("udpos", "train"): 1,
    ("udpos", "dev"): 34,
    ("udpos", "test"): 16,
    ("tatoeba", "test"): 112,
    ("pawsx", "dev"): 7,
    ("siqa", "train"): 1,
    ("siqa", "dev"): 1,
    ("copa", "train"): 1,
    ("copa", "dev"): 1,
    ("xcopa", "train"): 1,
    ("xcopa", "dev"): 12,
    ("xquad", "test"): 5,
    ("mlqa", "dev"): 49,
    ("tydiqa", "train"): 3,
    ("tydiqa", "dev"): 9,
    ("ecare", "train"): 1,
    ("ecare", "dev"): 1,
    ("panx", "train"): 1,
    ("panx", "dev"): 24,
    ("masakhaner", "dev"): 8,
    ("masakhapos", "dev"): 8,
    ("americasnli", "dev"): 11,
    ("indonli", "train"): 1,
    ("indonli", "dev"): 1,
    ("farstail", "train"): 1,
    ("farstail", "dev"): 1,
    ("sick", "train"): 1,
    ("sick", "dev"): 1,
    ("sick", "test"): 1,
}
UNPUBLISHED = {
    ("xnli", "dev"): {"ko": 2_490, "my": 2_490},
    # Universal Dependencies 2.5, the others 2.7.
    ("udpos", "dev"): {"lt": 672, "pl": 3_960, "uk": 672, "wo": 449, "ro": 2_247},
}
BLANKED = {("tydiqa", "dev")}
"""Splits without answers."""
BITEXT = {
    "ar": 40_617, "bg": 25_304, "cs": 77_119, "de": 90_000, "el": 13_761, "es": 43_020, "fr": 90_000, "hi": 12_616,
    "id": 16_961, "ja": 47_670, "pt": 43_626, "ro": 19_844, "ru": 38_515, "sw": 70_916, "th": 6_639, "tr": 6_276,
    "ur": 11_412, "vi": 8_970, "zh": 57_884,
}  # fmt: skip


def source(**files):
    return open_source(SourceSettings(source="directory", path=ROOT, files=files))


@pytest.mark.parametrize(("name", "split"), PRESENT, ids=lambda value: value)
def test_every_language_has_the_published_number_of_examples(name, split):
    task, data = registry.load("task", name)(), source()
    there = data.languages(task, split)
    assert len(there) == PRESENT[name, split]
    counts = {}
    for language in there:
        examples = data.examples(task, split, language)
        if (name, split) not in BLANKED:
            checks.placeholder_labels(examples, where=language)
        if (name, split) != ("tydiqa", "train"):  # numbered within each article here
            assert len({example.id for example in examples}) == len(examples)
        counts[language] = len(examples)
    expected = task.facts[split] | UNPUBLISHED.get((name, split), {})
    assert counts == {language: expected[language] for language in there}


def test_translations_have_the_same_gold():
    task, data = registry.load("task", "xnli")(), source()
    labels = {
        code: [example.label for example in data.examples(task, "dev", code)] for code in data.languages(task, "dev")
    }
    assert len(set(map(tuple, labels.values()))) == 1
    assert {label: labels["en"].count(label) for label in task.labels} == dict.fromkeys(task.labels, 830)


def test_the_right_choice_is_the_same_in_every_language_and_the_question_is_not():
    task, data = registry.load("task", "xcopa")(), source()
    english = data.examples(task, "dev", "en")
    changed = {}
    for code in task.languages:
        pairs = list(zip(data.examples(task, "dev", code), english, strict=True))
        assert all(example.label == original.label for example, original in pairs)
        changed[code] = [example.question for example, original in pairs if example.question != original.question]
    assert {code: len(questions) for code, questions in changed.items() if questions} == {
        "id": 5, "it": 5, "sw": 6, "th": 52, "tr": 52,
    }  # fmt: skip
    assert {question for questions in changed.values() for question in questions} == {"effect"}


def test_untranslated_sentences_of_pawsx_are_counted():
    task, data = registry.load("task", "pawsx")(), source()
    missing = {
        code: sum("NS" in (example.first, example.second) for example in data.examples(task, "dev", code))
        for code in task.languages
    }
    assert missing == {"de": 68, "en": 0, "es": 38, "fr": 8, "ja": 20, "ko": 35, "zh": 16}


def test_training_data_does_not_overlap_the_test_set():
    task, data = registry.load("task", "xnli")(), source(train="nli_train/en.jsonl")
    train = data.examples(task, "train", "en")
    assert len(train) == 86_207
    assert checks.overlap(train, data.examples(task, "test", "en")) is None
    assert checks.duplicates(train) == 0


@pytest.mark.parametrize("code", BITEXT)
def test_every_pair_of_the_bitext_is_read(code, tmp_path):
    folder = Path(ROOT or "") / "bitext"
    bitext = Bitext.read(folder, ("en", code), filters=NO_FILTERS, cache=tmp_path)
    assert len(bitext) == BITEXT[code]
    assert all(source and target for source, target in bitext)


@pytest.mark.parametrize(("pair", "count"), [("de-en", 508), ("en-fr", 447), ("ro-en", 199), ("en-cs", 1250)])
def test_parallel_files_are_read(pair, count):
    path = Path(ROOT or "") / "wordalign" / pair
    languages = (pair[:2], pair[3:5])
    bitext = Bitext.read(f"{path}.src", languages, target=f"{path}.tgt", filters=NO_FILTERS)
    assert len(bitext) == count
