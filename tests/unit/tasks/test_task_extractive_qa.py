"""Files and rows of question answering: SQuAD's layout, the hub's, and pairs of languages."""

from __future__ import annotations

import json

import pytest

from crosslift import languages
from crosslift.api.examples import Answer, ExtractiveQAExample
from crosslift.data import checks
from crosslift.data.sources import SourceSettings, open_source
from crosslift.data.sources.directory import Directory
from crosslift.data.test_data import read_test_set
from crosslift.errors import DataError
from crosslift.tasks.mlqa import Mlqa
from crosslift.tasks.squad import Squad
from crosslift.tasks.tydiqa import Tydiqa
from crosslift.tasks.xquad import Xquad

CONTEXT = "Peter lives in Paris."


def question(**changes):
    return {"id": "q1", "question": "Where?", "answers": [{"text": "Paris", "answer_start": 15}]} | changes


def write(root, name, *questions):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"version": "1.1", "data": [{"title": "T", "paragraphs": [{"context": CONTEXT, "qas": list(questions)}]}]}
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


EXAMPLE = ExtractiveQAExample("q1", "Where?", CONTEXT, (Answer("Paris", 15),))


def test_questions_are_in_articles_and_paragraphs(tmp_path):
    path = write(tmp_path, "dev.json", question(), question(id="q2", answers=[]))
    assert list(Squad().read_file(path)) == [EXAMPLE, ExtractiveQAExample("q2", "Where?", CONTEXT)]


@pytest.mark.parametrize(
    "answers",
    [[{"text": "Paris", "answer_start": 15}], {"text": ["Paris"], "answer_start": [15]}],
    ids=["as in files", "as on the hub"],
)
def test_answers_are_pairs_or_two_lists(answers):
    assert Squad().from_row(question(answers=answers, context=CONTEXT), 0, where="here") == EXAMPLE


def test_blanked_answers_are_none_and_cannot_be_scored(tmp_path):
    path = write(tmp_path, "dev.json", question(answers=[{"text": "", "answer_start": 0}]))
    examples = list(Squad().read_file(path))
    assert examples[0].answers == ()
    with pytest.raises(DataError, match="1 of 1 examples have no gold answer"):
        checks.placeholder_labels(examples, where="squad test in 'en'")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"data": 3}', 'expected SQuAD\'s layout, .* found no "data"'),
        ('{"data": [{"paragraphs": [{}]}]}', 'after question 0: expected .* found no "qas"'),
        ('{"data": [\n}', r"line 2, column 1: not JSON"),
        ('{"data": [{"paragraphs": [{"context": 3, "qas": [{"id": "x", "question": "Who?"}]}]}]}',
         r"question 1 \(id x\): column 'context' of squad contains a value of type int; expected text"),
        ('{"data": [{"paragraphs": [{"context": " ", "qas": [{"question": "Who?"}]}]}]}', "the context is empty"),
        ('{"data": [{"paragraphs": [{"context": "c", "qas": [{"question": "Who?", "answers": ["c"]}]}]}]}',
         r"'c' is not an answer; expected \[\{\"text\""),
        ('{"data": [{"paragraphs": [{"context": "c", "qas": [{"question": "Who?", "answers": '
         '{"text": ["c"], "answer_start": []}}]}]}]}', "1 answers, but 0 starts"),
    ],
)  # fmt: skip
def test_mistakes_name_the_file_and_the_question(tmp_path, content, message):
    path = tmp_path / "dev.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        list(Squad().read_file(path))


def test_training_data_of_xquad_and_mlqa_is_squad(tmp_path):
    write(tmp_path, "squad/train-v1.1.json", question())
    write(tmp_path, "squad/dev-v1.1.json", question())
    write(tmp_path, "xquad/xquad.ro.json", question())
    data = Directory(tmp_path)
    for task in (Xquad(), Mlqa()):
        assert data.languages(task, "train") == ("en",)
        assert data.examples(task, "train", "en") == [EXAMPLE]
    assert data.languages(Xquad(), "test") == ("ro",)
    assert set(Xquad.groups["xtreme-r"]) - set(Xquad.groups["xtreme"]) == {"ro"}


def test_pairs_of_languages_are_read_and_scored_on_request_alone(tmp_path):
    for context, asked in (("en", "en"), ("de", "de"), ("en", "de"), ("de", "en")):
        name = f"mlqa/MLQA_V1/test/test-context-{context}-question-{asked}.json"
        write(tmp_path, name, question(id=f"{context} {asked}"))
    data, task = Directory(tmp_path), Mlqa()
    assert data.languages(task, "test") == ("de", "en", "de-en", "en-de")
    assert [*read_test_set(data, task, "test", None).by_language] == ["de", "en"]
    wanted = read_test_set(data, task, "test", ["en-de", "de"]).by_language
    assert {code: rows[0].id for code, rows in wanted.items()} == {"en-de": "en de", "de": "de de"}
    assert len(task.languages) == 49


def test_two_languages_are_a_language_of_the_table():
    pair = languages.get("en-sw")
    assert (pair.code, pair.name, pair.script) == ("en-sw", "English and Swahili", "Latn")
    assert pair.resources == languages.get("sw").resources


@pytest.mark.parametrize("name", ["tydiqa.goldp.{}.{}.json", "tydiqa.{}.{}.json"])
def test_tydiqa_has_either_name_and_one_set_for_dev_and_test(tmp_path, name):
    write(tmp_path, f"tydiqa/tydiqa-goldp-v1.1-train/{name.format('sw', 'train')}", question())
    write(tmp_path, f"tydiqa/tydiqa-goldp-v1.1-dev/{name.format('sw', 'dev')}", question())
    data = Directory(tmp_path)
    assert data.examples(Tydiqa(), "train", "sw") == data.examples(Tydiqa(), "test", "sw") == [EXAMPLE]
    assert Tydiqa.facts["dev"] == Tydiqa.facts["test"]


def test_languages_that_share_a_configuration_of_the_hub_are_distinguished_by_id(tmp_path):
    datasets = pytest.importorskip("datasets")
    answers = {"text": ["Paris"], "answer_start": [15]}
    rows = [
        {"id": code, "question": "Where?", "context": CONTEXT, "answers": answers} for code in ("swahili-1", "korean-1")
    ]
    saved = tmp_path / "google-research-datasets/tydiqa/secondary_task"
    datasets.DatasetDict({"validation": datasets.Dataset.from_list(rows)}).save_to_disk(str(saved))
    source = open_source(SourceSettings(source="hub", path=tmp_path))
    (example,) = source.examples(Tydiqa(), "test", "sw")
    assert example == ExtractiveQAExample("swahili-1", "Where?", CONTEXT, (Answer("Paris", 15),))


def test_published_counts_of_mlqa_are_the_same_both_ways_round():
    dev = Mlqa.facts["dev"]
    assert dev.keys() == set(Mlqa.languages)
    assert dev["ar-de"] == dev["de-ar"] == 207
    assert dev["en-de"] == dev["de"]
