"""Answers: the best span over all windows, records, files, saved models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from crosslift.api.examples import Answer, ExtractiveQAExample
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.errors import CheckpointError, DataError
from crosslift.evaluation.evaluate import evaluate
from crosslift.evaluation.predict import predict
from crosslift.evaluation.predict_file import predict_file
from crosslift.evaluation.spans import ANSWER_LENGTH, N_BEST, best_windows, n_best
from crosslift.heads.task_model import TaskModel
from crosslift.train.windows import Window, read_contexts
from tests.tiny import TEXTS

CONTEXT = " ".join(TEXTS[:6])
EXAMPLES = [
    ExtractiveQAExample(
        f"q{i}", text, (CONTEXT, TEXTS[i])[i % 2], (Answer(text[:3], ((CONTEXT, text)[i % 2]).index(text[:3])),)
    )
    for i, text in enumerate(TEXTS[:6])
]
READING = {"language": "en", "max_length": 48, "doc_stride": 12}


@pytest.fixture(scope="module")
def directory(checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = TaskModel.create(Encoder.load(checkpoint("bert")), "extractive_qa", (), seed=0)
    with torch.no_grad():
        dict(model.module.named_parameters())["qa_outputs.weight"].mul_(20)  # so that answers differ
    place = tmp_path_factory.mktemp("extractive_qa")
    model.save(place)
    return place


def window(first: int, count: int, *, question: int = 2) -> Window:
    length = question + count + 3
    special = tuple(place in (0, question + 1, length - 1) for place in range(length))
    return Window(Tokens((0,) * length, special, (0,) * length), 0, first, count)


def test_a_token_belongs_to_the_window_with_the_most_context() -> None:
    # Windows over tokens 0-9, 4-13, 8-17: 6 has 3 tokens to its right in the first and 2 to its left in the second.
    owners = best_windows([window(0, 10), window(4, 10), window(8, 10)])
    assert owners.tolist() == [0] * 7 + [1] * 4 + [2] * 7
    # With equal sides the longer window wins: 3 is 0 tokens from an end of both.
    assert best_windows([window(0, 4), window(3, 9)])[3] == 1


def test_the_best_answers_are_those_of_all_that_are_allowed() -> None:
    rng = np.random.default_rng(1)
    windows = [window(0, 50), window(25, 50), window(50, 33)]
    rows = [(each, rng.normal(size=(len(each.tokens), 2))) for each in windows]
    owners = best_windows(windows)
    allowed = []
    for number, (each, logits) in enumerate(rows):
        for start in range(each.count):
            for end in range(start, min(each.count, start + ANSWER_LENGTH)):
                if owners[each.first + start] == number:
                    score = logits[each.begin + start, 0] + logits[each.begin + end, 1]
                    allowed.append((score, each.first + start, each.first + end))
    found = n_best(rows)
    assert len(found) == N_BEST
    np.testing.assert_allclose(np.array(found), np.array(sorted(allowed, reverse=True)[:N_BEST]))


def test_an_answer_has_at_most_thirty_tokens_and_stays_in_the_context() -> None:
    one = window(0, 60)
    logits = np.zeros((len(one.tokens), 2))
    logits[one.begin, 0] = logits[one.begin + 59, 1] = 10  # from the first token to the last: too long
    logits[0] = logits[1] = 99  # the first token of all, and the question
    assert n_best([(one, logits)])[0].score == 10
    assert {candidate.end - candidate.start < ANSWER_LENGTH for candidate in n_best([(one, logits)])} == {True}


def test_records_have_text_offset_and_score_whatever_the_batch(directory: Path) -> None:
    model = TaskModel.load(directory)
    records = predict(model, EXAMPLES, **READING)
    read = read_contexts(model.encoder, EXAMPLES, **READING)
    assert len(read.windows) > len(EXAMPLES)
    assert [record["id"] for record in records] == [example.id for example in EXAMPLES]
    for example, record in zip(EXAMPLES, records, strict=True):
        text = record["prediction"]
        assert text
        assert example.context[record["start"] :].startswith(text)
        assert record["gold"] == [example.answers[0].text]
        assert 0 < record["probability"] <= 1
        assert record["language"] == "en"
    assert len({record["prediction"] for record in records}) > 1
    for tokens in (1, 10_000):
        again = predict(model, EXAMPLES, **READING, batch_tokens=tokens)
        assert [record["prediction"] for record in again] == [record["prediction"] for record in records]
        assert [record["score"] for record in again] == pytest.approx([record["score"] for record in records], abs=1e-3)
    assert predict(model, [ExtractiveQAExample("x", "Who?", CONTEXT)], **READING)[0]["gold"] is None
    pair = predict(model, EXAMPLES[:1], **READING | {"language": "en-de"})
    assert pair[0]["language"] == "en"


def test_the_saved_model_is_one_of_transformers(directory: Path) -> None:
    theirs = transformers.AutoModelForQuestionAnswering.from_pretrained(directory).eval()
    ours = TaskModel.load(directory).eval()
    read = read_contexts(ours.encoder, EXAMPLES, **READING)
    inputs = ours.encoder.collate([each.tokens for each in read.windows])
    with torch.no_grad():
        output = theirs(input_ids=inputs.ids, attention_mask=inputs.mask, token_type_ids=inputs.segments)
        logits = ours.logits(inputs)
    torch.testing.assert_close(logits, torch.stack((output.start_logits, output.end_logits), dim=-1))


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_file_of_questions_is_answered(directory: Path, tmp_path: Path) -> None:
    rows = [{"context": each.context, "question": each.question, "more": 1} for each in EXAMPLES]
    source, output = write(tmp_path / "questions.jsonl", rows), tmp_path / "answers.jsonl"
    assert predict_file(directory, source, output=output) == len(rows)
    written = [json.loads(line) for line in output.read_text().splitlines()]
    expected = predict(TaskModel.load(directory), EXAMPLES, language="en", max_length=384)
    assert written == [
        {**row, **{name: record[name] for name in ("prediction", "probability", "start")}}
        for row, record in zip(rows, expected, strict=True)
    ]
    with pytest.raises(DataError, match="expected two columns, question and context"):
        predict_file(directory, source, columns=["question"])
    with pytest.raises(DataError, match=r"expected the column\(s\) question\+context, found text"):
        predict_file(directory, write(tmp_path / "other.jsonl", [{"text": "a"}]))
    with pytest.raises(DataError, match=r"blank.jsonl, line 1: the question or the context is empty"):
        predict_file(directory, write(tmp_path / "blank.jsonl", [{"question": "Who?", "context": " "}]))


def test_a_saved_model_is_scored_in_a_pair_of_languages(directory: Path, tmp_path: Path) -> None:
    for context, question in (("de", "de"), ("de", "en")):
        qas = [
            {"id": each.id, "question": each.question, "answers": [{"text": each.answers[0].text, "answer_start": 0}]}
            for each in EXAMPLES
        ]
        path = tmp_path / f"data/mlqa/MLQA_V1/test/test-context-{context}-question-{question}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"data": [{"paragraphs": [{"context": CONTEXT, "qas": qas}]}]}))
    content = evaluate(directory, task="mlqa", languages=["de-en"], data=tmp_path / "data", output=tmp_path / "scored")
    assert {row["metric"] for row in content["scores"]} == {"mlqa_f1", "mlqa_exact_match"}
    (record, *_) = (tmp_path / "scored/predictions/mlqa/de-en.jsonl").read_text().splitlines()
    assert json.loads(record)["language"] == "de"
    assert [row["language"] for row in evaluate(directory, task="mlqa", data=tmp_path / "data")["scores"]] == ["de"] * 2
    with pytest.raises(CheckpointError, match="pawsx"):
        evaluate(directory, task="pawsx", data="lab")
