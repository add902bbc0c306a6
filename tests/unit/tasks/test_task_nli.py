"""Files of the inference tasks other than XNLI."""

from __future__ import annotations

import json

import pytest

from crosslift.api.examples import PairExample
from crosslift.data.sources.directory import Directory
from crosslift.data.test_data import read_test_set
from crosslift.errors import DataError
from crosslift.tasks.americasnli import Americasnli
from crosslift.tasks.farstail import Farstail
from crosslift.tasks.indonli import Indonli
from crosslift.tasks.mnli import Mnli
from crosslift.tasks.sick import Sick
from crosslift.tasks.snli import Snli
from crosslift.tasks.xnli import Xnli

TASKS = (Xnli(), Americasnli(), Farstail(), Indonli(), Mnli(), Sick(), Snli())


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Directory(root)


def test_a_model_of_one_can_be_scored_on_any_other():
    assert len({(task.task_type, task.labels) for task in TASKS}) == 1


AYMARA = "id\tlanguage\tpremise\thypothesis\tlabel\n12451\taym\tJupax sanwa.\tYatiñ utan.\tneutral\n"


def test_americasnli_is_trained_and_selected_on_english_xnli_and_scored_on_its_own(tmp_path):
    xnli = "A man.\tA person.\tentailment\n"
    files = {
        "americasnli/dev/aym.tsv": AYMARA,
        "americasnli/dev/anli.dev.tsv": AYMARA,
        "xnli/dev-en.tsv": xnli,
        "xnli/dev-de.tsv": xnli,
        "xnli/train-en.tsv": xnli,
    }
    data = write(tmp_path, files)
    assert data.languages(Americasnli(), "dev") == ("aym", "en")
    assert data.languages(Americasnli(), "train") == ("en",)
    assert data.examples(Americasnli(), "dev", "en") == [PairExample("0", "A man.", "A person.", "entailment")]
    assert read_test_set(data, Americasnli(), "dev", None).by_language == {
        "aym": [PairExample("12451", "Jupax sanwa.", "Yatiñ utan.", "neutral")]
    }


def test_letters_are_labels_and_fields_with_tabs_are_quoted(tmp_path):
    text = 'premise\thypothesis\tlabel\nالف\tب\te\n"a\tb ""c"""\td\tn\n'
    data = write(tmp_path, {"farstail/val.tsv": text, "farstail/Test-word.csv": text})
    expected = [PairExample("0", "الف", "ب", "entailment"), PairExample("1", 'a\tb "c"', "d", "neutral")]
    assert data.examples(Farstail(), "dev", "fa") == data.examples(Farstail(), "test", "fa") == expected


def test_indonli_is_as_published(tmp_path):
    row = {"pair_id": 7, "premise": "Satu.", "hypothesis": "Dua.", "label": "c"}
    data = write(tmp_path, {"indonli/val.jsonl": json.dumps(row) + "\n"})
    assert data.examples(Indonli(), "dev", "id") == [PairExample("0", "Satu.", "Dua.", "contradiction")]


@pytest.mark.parametrize(
    ("task", "name"),
    [(Snli(), "snli_1.0/snli_1.0_test.jsonl"), (Mnli(), "multinli_1.0/multinli_1.0_dev_mismatched.jsonl")],
)
def test_pairs_without_consensus_are_no_examples(tmp_path, task, name):
    rows = [
        {"sentence1": "One.", "sentence2": "Two.", "gold_label": label, "annotator_labels": []}
        for label in ("neutral", "-", "entailment")
    ]
    data = write(tmp_path, {name: "".join(json.dumps(row) + "\n" for row in rows)})
    assert [(example.id, example.label) for example in data.examples(task, "test", "en")] == [
        ("0", "neutral"),
        ("2", "entailment"),
    ]


@pytest.mark.parametrize("task", [Snli(), Mnli()])
def test_on_the_hub_those_have_minus_one(task):
    assert not task.is_example({"premise": "One.", "hypothesis": "Two.", "label": -1})
    assert task.is_example({"premise": "One.", "hypothesis": "Two.", "label": 0})


def test_a_wrong_label_is_named_with_the_nearest(tmp_path):
    header = "premise\thypothesis\tlabel\trelatedness\tpair_id\n"
    data = write(tmp_path, {"sick/test.tsv": header + "One.\tTwo.\tneutrall\t4.5\t1\n"})
    with pytest.raises(DataError, match=r"test.tsv, line 2: 'neutrall' is not a label of sick; did you mean 'neutral'"):
        data.examples(Sick(), "test", "en")
