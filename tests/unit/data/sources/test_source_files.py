"""The user's files."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from crosslift.api.examples import PairExample, TaggingExample
from crosslift.data.sources import SourceSettings, open_source
from crosslift.errors import DataError, InputError, LanguageError
from crosslift.tasks.udpos import Udpos
from crosslift.tasks.xnli import Xnli

ROW = {"premise": "A dog.", "hypothesis": "An animal.", "label": "entailment"}
EXAMPLE = PairExample("0", "A dog.", "An animal.", "entailment")


def opened(root, *, source="files", **files):
    return open_source(SourceSettings(source=source, path=root, files=files))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.jsonl", json.dumps(ROW) + "\n"),
        ("t.csv", "hypothesis,premise,label,more\nAn animal.,A dog.,entailment,x\n"),
        ("t.tsv", "premise\thypothesis\tlabel\nA dog.\tAn animal.\tentailment\n"),
        ("plain.tsv", "A dog.\tAn animal.\tentailment\n"),
    ],
)
def test_the_tasks_columns_are_found_in_any_format(tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    source = opened(tmp_path, train=name)
    assert source.languages(Xnli(), "train") == ("en",)
    assert source.examples(Xnli(), "train", "en") == [EXAMPLE]


def test_columns_and_labels_may_have_other_names(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"s1": "A dog.", "s2": "An animal.", "gold": 0}\n', encoding="utf-8")
    columns = {"premise": "s1", "hypothesis": "s2", "label": "gold"}
    source = opened(
        tmp_path, train={"path": "t.jsonl", "columns": columns, "labels": {"0": "entailment"}, "language": "sw"}
    )
    assert source.languages(Xnli(), "train") == ("sw",)
    assert source.examples(Xnli(), "train", "sw") == [EXAMPLE]


def test_labels_are_renamed_in_a_file_of_the_benchmarks_layout(tmp_path):
    (tmp_path / "t.tsv").write_text("A dog.\tAn animal.\te\n" * 2, encoding="utf-8")
    settings = {"path": "t.tsv", "labels": {"e": "entailment"}}
    with pytest.raises(DataError, match="line 2: no column 'premise'"):
        opened(tmp_path, train=settings).examples(Xnli(), "train", "en")
    named = settings | {"header": ("premise", "hypothesis", "label")}
    assert opened(tmp_path, train=named).examples(Xnli(), "train", "en")[0] == EXAMPLE


def test_an_answer_may_be_null(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"words": ["a"], "tags": null}\n', encoding="utf-8")
    assert opened(tmp_path, test="t.jsonl").examples(Udpos(), "test", "en") == [TaggingExample("0", ("a",), None)]


@pytest.mark.parametrize(("name", "mark"), [("t.csv", ","), ("t.tsv", "\t")])
def test_a_file_without_names_takes_them_from_the_settings(tmp_path, name, mark):
    (tmp_path / name).write_text(mark.join(["7", "An animal.", "A dog.", "entailment"]), encoding="utf-8")
    header = ("id", "hypothesis", "premise", "label")
    assert opened(tmp_path, train={"path": name, "header": header}).examples(Xnli(), "train", "en") == [EXAMPLE]


def test_a_path_may_contain_the_language(tmp_path):
    for code in ("de", "sw"):
        (tmp_path / f"{code}.jsonl").write_text(json.dumps(ROW), encoding="utf-8")
    source = opened(None, test=str(tmp_path / "{language}.jsonl"))
    assert source.languages(Xnli(), "test") == ("de", "sw")
    assert source.examples(Xnli(), "test", "sw") == [EXAMPLE]
    with pytest.raises(LanguageError, match="no test split in 'fr'"):
        source.examples(Xnli(), "test", "fr")


def test_words_and_tags_are_lists_or_text_with_blanks(tmp_path):
    rows = [{"words": ["Dogs", "bark"], "tags": ["n", "v"]}, {"words": "Dogs bark", "tags": "n v"}]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    columns = {"path": "t.jsonl", "labels": {"n": "NOUN", "v": "VERB"}}
    assert opened(tmp_path, train=columns).examples(Udpos(), "train", "en") == [
        TaggingExample(str(index), ("Dogs", "bark"), ("NOUN", "VERB")) for index in range(2)
    ]


def test_other_splits_come_from_the_other_source(xtreme):
    (xtreme / "t.jsonl").write_text(json.dumps(ROW), encoding="utf-8")
    source = opened(xtreme, source="directory", train="t.jsonl")
    assert source.examples(Xnli(), "train", "en") == [EXAMPLE]
    assert source.languages(Xnli(), "dev") == ("de", "en", "ko")
    assert source.examples(Xnli(), "dev", "ko")[0].first == "개"
    assert source.labels(Xnli()) == Xnli.labels
    record = source.describe()
    assert list(record["files"]) == ["xnli/dev-ko.tsv"]
    assert list(record["own_files"]) == [str(xtreme / "t.jsonl")]


def test_a_file_may_belong_to_one_task(xtreme):
    (xtreme / "t.jsonl").write_text(json.dumps(ROW), encoding="utf-8")
    mine = {"path": "t.jsonl", "language": "ko"}
    for task in (None, "xnli"):
        assert opened(xtreme, source="directory", dev=mine | {"task": task}).examples(Xnli(), "dev", "ko") == [EXAMPLE]
    others = opened(xtreme, source="directory", dev=mine | {"task": "americasnli"})
    assert others.examples(Xnli(), "dev", "ko")[0].first == "개"
    assert others.languages(Xnli(), "dev") == ("de", "en", "ko")


def test_a_file_of_a_task_that_does_not_exist_is_an_error(xtreme):
    with pytest.raises(InputError, match="did you mean 'xnli'"):
        opened(xtreme, source="directory", dev={"path": "t.jsonl", "task": "xnl"})


def test_a_split_without_a_file_is_missing(tmp_path):
    (tmp_path / "t.jsonl").write_text(json.dumps(ROW), encoding="utf-8")
    with pytest.raises(DataError, match=r"t\.jsonl: no dev split of xnli"):
        opened(tmp_path, train="t.jsonl").examples(Xnli(), "dev", "en")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "premis,hypothesis,label\na,b,neutral\n", r"line 2: .*'premise'; did you mean 'premis'"),
        ("t.jsonl", '{"premise": "a", "label": "neutral"}', r"line 1: no column 'hypothesis'"),
        ("t.jsonl", json.dumps(ROW | {"label": "neutrl"}), r"line 1: 'neutrl' is not a label of xnli; did you mean"),
        ("t.jsonl", json.dumps(ROW | {"label": 1}), r"line 1: '1' is not a label of xnli \(available: entail"),
        (
            "t.jsonl",
            json.dumps(ROW | {"premise": None}),
            r"line 1: column 'premise' of xnli contains .* NoneType",
        ),
        ("t.tsv", "a\tb\tnope\n", r"t\.tsv, line 1: 'nope' is not a label of xnli"),
        ("t.parquet", "x", r"line 1: 1 fields where 3 fields"),
        ("t.jsonl", "", "the file is empty"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path, name, content, message):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        opened(tmp_path, train=name).examples(Xnli(), "train", "en")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"t\.jsonl: no such file"):
        opened(tmp_path, train="t.jsonl").examples(Xnli(), "train", "en")


def test_no_file_at_all_is_an_error():
    with pytest.raises(DataError, match="needs a file for some split"):
        open_source(SourceSettings(source="files"))


def test_a_setting_that_does_not_exist_is_an_error():
    with pytest.raises(ValidationError, match="colums"):
        SourceSettings.model_validate({"source": "files", "files": {"train": {"path": "x", "colums": {}}}})
