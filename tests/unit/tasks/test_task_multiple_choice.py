"""Files of SIQA, COPA and XCOPA."""

from __future__ import annotations

import json

import pytest

from crosslift.api.examples import MultipleChoiceExample
from crosslift.data.sources.directory import Directory
from crosslift.data.test_data import read_test_set
from crosslift.errors import DataError, LanguageError
from crosslift.tasks.copa import Copa
from crosslift.tasks.siqa import Siqa
from crosslift.tasks.xcopa import Xcopa

COPA = {
    "premise": "The man turned on the faucet.",
    "choice1": "The toilet filled with water.",
    "choice2": "Water flowed from the spout.",
    "question": "effect",
    "label": 1,
    "idx": 0,
}
SWAHILI = COPA | {"premise": "Mwanaume alifungua bomba la maji.", "changed": False}
SIQA = {
    "context": "Jan needed to give out jobs.",
    "question": "What will Others want to do next?",
    "answerA": "disagree with Jan",
    "answerB": "get to work",
    "answerC": "argue",
    "label": 2,
}


def write(root, files):
    for name, rows in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Directory(root)


def test_siqa_counts_its_answers_from_one_and_its_files_name_no_language(tmp_path):
    data = write(tmp_path, {"siqa/train.jsonl": [SIQA, SIQA | {"label": 1}], "siqa/dev.jsonl": [SIQA]})
    assert data.languages(Siqa(), "train") == ("en",)
    assert data.examples(Siqa(), "train", "en") == [
        MultipleChoiceExample(
            str(place),
            "Jan needed to give out jobs.",
            "What will Others want to do next?",
            ("disagree with Jan", "get to work", "argue"),
            label,
        )
        for place, label in ((0, 1), (1, 0))
    ]
    assert set(data.describe()["files"]) == {"siqa/train.jsonl"}
    with pytest.raises(LanguageError, match="siqa has no dev split in 'de'"):
        data.examples(Siqa(), "dev", "de")
    with pytest.raises(DataError, match="no test split of siqa"):
        data.examples(Siqa(), "test", "en")
    assert write(tmp_path / "empty", {"x": []}).languages(Siqa(), "train") == ()


def test_copa_counts_its_choices_from_zero(tmp_path):
    data = write(tmp_path, {"copa/train.en.jsonl": [COPA], "copa/test.en.jsonl": [COPA | {"label": -1}]})
    (example,) = data.examples(Copa(), "train", "en")
    assert example == MultipleChoiceExample("0", COPA["premise"], "effect", (COPA["choice1"], COPA["choice2"]), 1)
    assert data.examples(Copa(), "test", "en")[0].label is None


LAYOUTS = {
    "the authors'": ("copa/train.en.jsonl", "copa/val.en.jsonl", "xcopa/sw/val.sw.jsonl", "xcopa/sw/test.sw.jsonl"),
    "XTREME-R's": ("xcopa/train-en.jsonl", "xcopa/val-en.jsonl", "xcopa/val-sw.jsonl", "xcopa/test-sw.jsonl"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_xcopa_is_trained_on_english_copa_and_not_scored_on_it(tmp_path, layout):
    train, dev, val, test = LAYOUTS[layout]
    hidden = {"xcopa/test-en.jsonl": [{key: COPA[key] for key in COPA if key != "label"}]}
    data = write(tmp_path, {train: [COPA], dev: [COPA], val: [SWAHILI], test: [SWAHILI], **hidden})
    assert data.examples(Xcopa(), "train", "en") == data.examples(Xcopa(), "dev", "en")
    assert data.examples(Xcopa(), "train", "en")[0].premise == COPA["premise"]
    for split in ("dev", "test"):
        scored = read_test_set(data, Xcopa(), split, None).by_language
        assert [(code, rows[0].premise) for code, rows in scored.items()] == [("sw", SWAHILI["premise"])]
    assert list(read_test_set(data, Xcopa(), "dev", ["en", "sw"]).by_language) == ["en", "sw"]


@pytest.mark.parametrize(
    ("task", "row", "message"),
    [
        (Copa(), COPA | {"label": 2}, r"val.jsonl, line 1: '2' is not a label of copa \(available: 0, 1\)"),
        (Siqa(), SIQA | {"label": "0"}, r"line 1: '0' is not a label of siqa \(available: 1, 2, 3\)"),
        (Xcopa(), COPA | {"question": "efect"}, "line 1: 'efect' is not a question of xcopa; did you mean 'effect'"),
        (Copa(), {"premise": "a"}, "line 1: no column 'question'"),
        (Copa(), COPA | {"choice2": 3}, "line 1: column 'choice2' of copa contains a value of type int; expected text"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path, task, row, message):
    path = tmp_path / "val.jsonl"
    path.write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match=message):
        list(task.read_file(path))
