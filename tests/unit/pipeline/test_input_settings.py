"""Input settings: second texts alone, subwords of tagged words, long sentences."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from crosslift import recipe as recipes
from crosslift.api.examples import MultipleChoiceExample, PairExample, SentenceExample, TaggingExample
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Tokens
from crosslift.errors import RecipeError
from crosslift.evaluation.predict import predict, word_labels
from crosslift.heads.input_settings import WHOLE, InputSettings
from crosslift.heads.task_model import TaskModel
from crosslift.pipeline.run import run
from crosslift.train.task_items import TaskItem, rows_of
from crosslift.train.tokenized_tasks import task_items
from tests.tiny import TEXTS

CHECKPOINTS = ("bert", "xlm-roberta", "t5")
"""One with a head of transformers, one without a second segment, one with a linear head."""
WORDS = tuple(sorted({word for text in TEXTS for word in text.split()}))


@pytest.fixture(scope="module")
def encoder(checkpoint: Callable[[str], Path]) -> Encoder:
    return Encoder.load(checkpoint("bert"))


def texts(encoder: Encoder, items: Any) -> list[tuple[int, ...]]:
    return [row.tokens.ids for row in rows_of(items)]


def test_second_texts_alone_are_those_texts(encoder: Encoder) -> None:
    pairs = [PairExample("0", TEXTS[0], TEXTS[1], "a"), PairExample("1", TEXTS[2], TEXTS[3], "b")]
    alone = [SentenceExample("0", TEXTS[1], "a"), SentenceExample("1", TEXTS[3], "b")]
    read: dict[str, Any] = {"labels": ("a", "b"), "max_length": 32, "language": "en"}
    assert task_items(encoder, pairs, "pair", input_settings=InputSettings(texts="second"), **read) == task_items(
        encoder, alone, "pair", **read
    )


def test_choices_alone_do_not_know_the_premise(encoder: Encoder) -> None:
    examples = [MultipleChoiceExample("0", premise, "why?", (TEXTS[2], TEXTS[3]), 0) for premise in TEXTS[:2]]
    read: dict[str, Any] = {"labels": (), "max_length": 32, "language": "en"}
    first, second, third, fourth = texts(
        encoder, task_items(encoder, examples, "multiple_choice", input_settings=InputSettings(texts="second"), **read)
    )
    assert (first, second) == (third, fourth)
    assert first == encoder.tokenize([TEXTS[2]])[0].ids


def test_all_subwords_of_a_word_have_its_tag(encoder: Encoder) -> None:
    sentence = TaggingExample("0", ("garden", "Garten", "cat"), ("A", "B", "A"))
    read: dict[str, Any] = {"labels": ("A", "B"), "max_length": 32, "language": "en"}
    (first,) = rows_of(task_items(encoder, [sentence], "tagging", **read))
    (every,) = rows_of(task_items(encoder, [sentence], "tagging", input_settings=InputSettings(subwords="all"), **read))
    words = every.tokens.words
    assert words is not None
    assert len(words) > 5, "a word has several subwords"
    assert every.label == tuple(IGNORED if word < 0 else (0, 1, 0)[word] for word in words)
    assert isinstance(first.label, tuple)
    assert [label for label in first.label if label != IGNORED] == [0, 1, 0]
    assert first.tokens == every.tokens


@pytest.mark.parametrize(
    ("vote", "expected"), [("first", {0: 1, 1: 2}), ("majority", {0: 0, 1: 2})], ids=["first", "majority"]
)
def test_a_word_has_the_tag_of_its_first_subword_or_of_most(vote: Any, expected: dict[int, int]) -> None:
    words = (-1, 0, 0, 0, 1, 1, -1)
    item = TaskItem(Tokens((0,) * 7, (0,) * 7, (0,) * 7, words=words), (IGNORED,) * 7, 0)
    # The second word's subwords tie, so the first one decides.
    assert word_labels(item, [5, 1, 0, 0, 2, 1, 5], vote) == expected


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_input_settings_are_saved_with_the_model(checkpoint: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    start = Encoder.load(checkpoint(name))
    input_settings = InputSettings(texts="second", max_length=24)
    model = TaskModel.create(start, "pair", ("a", "b"), seed=0, input_settings=input_settings)
    model.save(tmp_path / "model")
    loaded = TaskModel.load(tmp_path / "model")
    assert loaded.input_settings == input_settings
    pairs = [PairExample("0", text, TEXTS[1]) for text in TEXTS[2:4]]
    one, other = predict(loaded, pairs, language="en", max_length=32)
    assert one["probability"] == other["probability"]
    assert TaskModel.create(Encoder.load(tmp_path / "model"), "pair", ("a", "b"), seed=0).input_settings == WHOLE


def recipe(root: Path, encoder: Path, task: dict[str, Any], **finetune: Any) -> recipes.Recipe:
    return recipes.build(
        {
            "name": "reading",
            "encoder": {"model": str(encoder)},
            "data": {"path": str(root), "task": [{"name": "mine", **task}]},
            "finetune": {"task": "mine", "steps": 2, "batch_size": 8, "evaluations": 1, **finetune},
            "evaluate": [{"task": "mine"}],
        },
        where="test",
    )


def results(directory: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / "results.json").read_text())
    return content


def test_a_baseline_of_second_texts_says_what_it_is(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    rows = [
        {"first": text, "second": TEXTS[number - 1], "label": "ab"[number % 2]} for number, text in enumerate(TEXTS)
    ]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = {"task_type": "pair", "files": dict.fromkeys(("train", "dev", "test"), "all.jsonl")}
    made = recipe(tmp_path, checkpoint("bert"), task, input={"texts": "second"})
    directory = run(made, tmp_path / "run")
    assert any("the model reads only second texts" in warning for warning in results(directory)["warnings"])
    assert TaskModel.load(directory / "model").input_settings.texts == "second"


@pytest.mark.parametrize(
    ("task_type", "read", "message"),
    [
        ("pair", {"vote": "majority"}, "finetune.input.vote: it is for tagging tasks; 'mine' is a 'pair' task"),
        ("pair", {"subwords": "all"}, "finetune.input.subwords: it is for tagging tasks"),
        ("sentence", {"texts": "second"}, "finetune.input.texts: it is for pair and multiple_choice tasks"),
    ],
)
def test_a_setting_of_another_task_type_is_refused(
    checkpoint: Callable[[str], Path], tmp_path: Path, task_type: str, read: dict[str, Any], message: str
) -> None:
    rows = [{"first": text, "second": text, "text": text, "label": "ab"[place % 2]} for place, text in enumerate(TEXTS)]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = {"task_type": task_type, "files": dict.fromkeys(("train", "dev", "test"), "all.jsonl")}
    with pytest.raises(RecipeError, match=message):
        run(recipe(tmp_path, checkpoint("bert"), task, input=read), tmp_path / "run")


@pytest.mark.parametrize("read", [{}, {"subwords": "all", "vote": "majority"}], ids=["first", "all"])
def test_no_word_of_a_long_sentence_is_lost(
    checkpoint: Callable[[str], Path], tmp_path: Path, read: dict[str, Any]
) -> None:
    """Tags depend only on the word, so a tag off by one word would show."""
    generator = torch.Generator().manual_seed(0)

    def sentence(length: int) -> str:
        places = torch.randint(len(WORDS), (length,), generator=generator).tolist()
        return "".join(f"{WORDS[place]} {'B-A' if place % 2 else 'O'}\n" for place in places) + "\n"

    for name, count, length in (("train", 200, 8), ("dev", 10, 8), ("test", 10, 70)):
        (tmp_path / f"{name}.conll").write_text("".join(sentence(length) for _ in range(count)), encoding="utf-8")
    task = {"task_type": "tagging", "files": {name: f"{name}.conll" for name in ("train", "dev", "test")}}
    made = recipe(tmp_path, checkpoint("bert"), task, input=read, steps=80, learning_rate=0.01, max_length=24)
    directory = run(made, tmp_path / "run")
    lines = (directory / "predictions" / "mine" / "en.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [(len(record["prediction"]), len(record["gold"])) for record in records] == [(70, 70)] * 10
    scores = {row["metric"]: row["value"] for row in results(directory)["scores"] if row["selection"] == "source-dev"}
    assert scores["tagging_accuracy"] > 97
