"""Tasks with an intent and slots: their files, their rows, and labels that come from the training data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crosslift.api.examples import IntentSlotExample, is_tag
from crosslift.data.sources import FileSettings, SourceSettings, open_source
from crosslift.errors import DataError
from crosslift.tasks.bases.intent_slot import iob2
from crosslift.tasks.massive import Massive
from crosslift.tasks.mtop import Mtop
from crosslift.tasks.multiatis import Multiatis


def massive(folder: Path, locale: str, *rows: dict[str, str]) -> None:
    (folder / "massive").mkdir(exist_ok=True)
    lines = [json.dumps({"locale": locale, "scenario": "x", **row}, ensure_ascii=False) for row in rows]
    (folder / "massive" / f"{locale}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


WAKE = {
    "id": "1",
    "partition": "train",
    "intent": "alarm_set",
    "utt": "wake me up at five am this week",
    "annot_utt": "wake me up at [time : five am] [date : this week]",
}
STOP = {"id": "2", "partition": "dev", "intent": "alarm_remove", "utt": "stop", "annot_utt": "[date : stop]"}


def test_massive_has_all_splits_in_one_file(tmp_path):
    massive(tmp_path, "en-US", WAKE, STOP, WAKE | {"id": "3", "partition": "test"})
    source = open_source(SourceSettings(source="directory", path=tmp_path))
    (first,) = source.examples(Massive(), "train", "en-US")
    assert first.words == tuple(WAKE["utt"].split())
    assert first.tags == ("O", "O", "O", "O", "B-time", "I-time", "B-date", "I-date")
    assert (first.id, first.intent) == ("1", "alarm_set")
    assert [example.id for example in source.examples(Massive(), "test", "en-US")] == ["3"]
    assert [example.id for example in source.examples(Massive(), "dev", "en-US")] == ["2"]


def test_massive_cuts_chinese_and_japanese_into_characters(tmp_path):
    massive(tmp_path, "zh-CN", WAKE | {"utt": "", "annot_utt": "[date : 这周] 用 [app : spotify] 叫醒我"})
    (example,) = Massive().read_file(tmp_path / "massive" / "zh-CN.jsonl", "train")
    assert example.words == ("这", "周", "用", "spotify", "叫", "醒", "我")
    assert example.tags == ("B-date", "I-date", "O", "B-app", "O", "O", "O")
    bare = {"id": "1", "locale": "zh-TW", "utt": "這週 ok"}
    assert Massive().from_row(bare, 0, where="here") == IntentSlotExample("1", ("這", "週", "ok"), None, None)


def test_massive_numbers_of_the_hub_are_named():
    class Feature:
        def int2str(self, number: int) -> str:
            return ["alarm_query", "alarm_set"][number]

    row = WAKE | {"locale": "en-US", "intent": 1}
    assert Massive().from_row(row, 0, where="here", features={"intent": Feature()}).intent == "alarm_set"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"annot_utt": "at [time : five"}, "has an unclosed bracket"),
        ({"annot_utt": "   "}, "column 'words' is empty"),
        ({"intent": "B-time"}, "the intent 'B-time' looks like the tag of a slot"),
    ],
)
def test_massive_mistakes_are_told(tmp_path, change, message):
    massive(tmp_path, "en-US", WAKE | change)
    with pytest.raises(DataError, match=rf"en-US\.jsonl, line 1: .*{message}"):
        list(Massive().read_file(tmp_path / "massive" / "en-US.jsonl", "train"))


def multiatis(folder: Path, name: str, *rows: str) -> None:
    (folder / "multiatis").mkdir(exist_ok=True)
    header = "id\tutterance\tslot_labels\tintent"
    (folder / "multiatis" / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def test_multiatis_rows_and_labels_of_the_training_data(tmp_path):
    flight = "7\tfrom new york to boston\tO B-from I-from O B-to\tatis_flight"
    multiatis(tmp_path, "train_EN.tsv", flight, "8\thow many\tO O\tatis_quantity#atis_flight")
    multiatis(tmp_path, "test_DE.tsv", "7\tab bremen\tO B-von\tatis_neu")
    source = open_source(SourceSettings(source="directory", path=tmp_path))
    labels = ("O", "B-from", "I-from", "B-to", "I-to", "atis_flight", "atis_quantity#atis_flight")
    assert source.labels(Multiatis()) == labels
    assert source.languages(Multiatis(), "test") == ("DE",)
    (german,) = source.examples(Multiatis(), "test", "DE")
    assert german == IntentSlotExample("7", ("ab", "bremen"), ("O", "B-von"), "atis_neu")
    assert source.describe()["files"].keys() == {"multiatis/train_EN.tsv", "multiatis/test_DE.tsv"}


def test_without_training_data_there_are_no_labels(tmp_path):
    multiatis(tmp_path, "test_DE.tsv", "7\tab bremen\tO B-von\tatis_neu")
    assert open_source(SourceSettings(source="directory", path=tmp_path)).labels(Multiatis()) == ()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("7\tone two\tO\tgo", "2 words but 1 tags"),
        ("7\tone two\tO from\tgo", "word 2: 'from' is not an IOB2 tag"),
    ],
)
def test_tags_that_are_none_are_told(tmp_path, row, message):
    multiatis(tmp_path, "train_EN.tsv", row)
    with pytest.raises(DataError, match=rf"train_EN\.tsv, line 2.*{message}"):
        list(Multiatis().read_file(tmp_path / "multiatis" / "train_EN.tsv"))


TOKENS = {
    "tokens": ["Haben", "mir", "Ben", "und", "Leroy", "heute"],
    "tokenSpans": [
        {"start": start, "length": length} for start, length in ((0, 5), (6, 3), (10, 3), (14, 3), (18, 5), (24, 5))
    ],
}
SLOTS = "6:9:SL:RECIPIENT,10:23:SL:SENDER,24:29:SL:DATE_TIME"


def mtop(path: Path, *, slots: str = SLOTS, tokens: str | None = None) -> Path:
    fields = ("9", "IN:GET_MESSAGE", slots, "Haben", "messaging", "de_XX", "[]", tokens or json.dumps(TOKENS))
    path.write_text("\t".join(fields) + "\n", encoding="utf-8")
    return path


def test_mtop_words_belong_to_the_slot_they_start_in(tmp_path):
    (example,) = Mtop().read_file(mtop(tmp_path / "eval.txt"))
    assert (example.id, example.intent, example.words) == ("9", "GET_MESSAGE", tuple(TOKENS["tokens"]))
    assert example.tags == ("O", "B-RECIPIENT", "B-SENDER", "I-SENDER", "I-SENDER", "B-DATE_TIME")
    (bare,) = Mtop().read_file(mtop(tmp_path / "bare.txt", slots=""))
    assert bare.tags == ("O",) * 6


def test_mtop_quotation_marks_of_the_release(tmp_path):
    tokens = '{"tokens":["say",""","x"],"tokenSpans":[{"start":0},{"start":4},{"start":5}]}'
    (example,) = Mtop().read_file(mtop(tmp_path / "eval.txt", slots="4:6:SL:TEXT", tokens=tokens))
    assert example.words == ("say", '"', "x")
    assert example.tags == ("O", "B-TEXT", "I-TEXT")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"slots": "6-9:SL:X"}, "'6-9:SL:X' is not a slot; expected start:end:SL:NAME"),
        ({"tokens": '{"tokens": ["a"]}'}, 'expected {"tokens": '),
    ],
)
def test_mtop_mistakes_are_told(tmp_path, given, message):
    with pytest.raises(DataError, match=rf"eval\.txt, line 1: .*{message}"):
        list(Mtop().read_file(mtop(tmp_path / "eval.txt", **given)))
    (tmp_path / "short.txt").write_text("9\tIN:X\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"short\.txt, line 1: 2 fields; expected 8 fields"):
        list(Mtop().read_file(tmp_path / "short.txt"))


def test_a_file_of_ones_own_brings_its_labels(tmp_path):
    (tmp_path / "t.tsv").write_text("id\tutterance\tslot_labels\tintent\n1\tgo now\tO B-time\tmove\n", encoding="utf-8")
    settings = FileSettings(path=str(tmp_path / "t.tsv"), columns={"intent": "intent"}, labels={"move": "go"})
    source = open_source(SourceSettings(source="files", files={"train": settings}))
    assert source.examples(Multiatis(), "train", "EN") == [IntentSlotExample("1", ("go", "now"), ("O", "B-time"), "go")]
    assert source.labels(Multiatis()) == ("O", "B-time", "I-time", "go")


def test_neighbouring_slots_are_two():
    assert iob2([(0, 2, "a"), (2, 3, "a")], 4) == ["B-a", "I-a", "B-a", "O"]
    assert [is_tag(label) for label in ("O", "I-x", "B-", "Or")] == [True, True, False, False]
