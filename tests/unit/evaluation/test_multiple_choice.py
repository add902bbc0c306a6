"""Predictions of multiple-choice models: records, files, saved models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from crosslift.api.examples import MultipleChoiceExample
from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError, DataError
from crosslift.evaluation.evaluate import evaluate
from crosslift.evaluation.predict import predict
from crosslift.evaluation.predict_file import predict_file
from crosslift.heads.task_model import TaskModel
from crosslift.metrics.accuracy import Accuracy
from crosslift.train.tokenized_tasks import task_items
from tests.tiny import TEXTS

EXAMPLES = [
    MultipleChoiceExample(
        str(i), text, ("cause", "effect")[i % 2], tuple(TEXTS[i - k] for k in range(1, 3 + i % 2)), i % 2
    )
    for i, text in enumerate(TEXTS)
]
"""Examples with two and with three choices."""


@pytest.fixture(scope="module")
def directory(checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = TaskModel.create(Encoder.load(checkpoint("bert")), "multiple_choice", (), seed=0)
    with torch.no_grad():
        dict(model.module.named_parameters())["classifier.weight"].mul_(20)  # so that choices differ
    place = tmp_path_factory.mktemp("multiple_choice")
    model.save(place)
    return place


def test_the_likeliest_choice_is_predicted_whatever_the_batch(directory: Path) -> None:
    model = TaskModel.load(directory).eval()
    records = predict(model, EXAMPLES, language="en", max_length=48)
    for example, record in zip(EXAMPLES, records, strict=True):
        (item,) = task_items(model.encoder, [example], "multiple_choice", (), max_length=48, language="en")
        rows = [model.logits(model.encoder.collate([row.tokens])) for row in item.rows]
        probabilities = torch.cat(rows).detach().softmax(dim=0)
        assert record == {
            "id": example.id,
            "prediction": int(probabilities.argmax()),
            "gold": example.label,
            "probability": pytest.approx(float(probabilities.max()), abs=1e-5),
        }
    assert len({record["prediction"] for record in records}) > 1
    alone = predict(model, EXAMPLES, language="en", max_length=48, batch_tokens=1)
    assert [record["prediction"] for record in alone] == [record["prediction"] for record in records]
    right = sum(record["prediction"] == record["gold"] for record in records)
    assert Accuracy()(records) == pytest.approx(100 * right / len(records))


def rows() -> list[dict[str, Any]]:
    return [
        {
            "premise": example.premise,
            "question": example.question,
            **{f"choice{place}": choice for place, choice in enumerate(example.choices, start=1)},
        }
        for example in EXAMPLES
    ]


def test_a_file_is_labelled(directory: Path, tmp_path: Path) -> None:
    wanted = predict(TaskModel.load(directory), EXAMPLES, language="en", max_length=64)
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    table = rows()
    table.sort(key=lambda row: "choice3" not in row)  # column names are those of the first row
    order = [rows().index(row) for row in table]
    source.write_text("".join(json.dumps(row) + "\n" for row in table))
    assert predict_file(directory, source, output=output) == len(EXAMPLES)
    labelled = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["prediction"] for row in labelled] == [wanted[place]["prediction"] for place in order]
    assert all(0 < row["probability"] <= 1 for row in labelled)


def test_blank_cells_are_no_choices(directory: Path, tmp_path: Path) -> None:
    text = "context,question,answerA,answerB,answerC\n" + "".join(
        f"{row['premise']},{row['question']},{row['choice1']},{row['choice2']},{row.get('choice3', '')}\n"
        for row in rows()
        if not any("," in value for value in row.values())
    )
    (tmp_path / "in.csv").write_text(text)
    count = predict_file(directory, tmp_path / "in.csv", output=tmp_path / "out.jsonl")
    labelled = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert count == len(labelled) == text.count("\n") - 1 > 3
    kept = [example for example in EXAMPLES if example.premise in text.replace("\n", ",").split(",")]
    known = {example.premise: example for example in kept}
    examples = [known[row["context"]] for row in labelled]
    wanted = predict(TaskModel.load(directory), examples, language="en", max_length=64)
    assert [row["prediction"] for row in labelled] == [record["prediction"] for record in wanted]


@pytest.mark.parametrize(
    ("row", "columns", "message"),
    [
        ({"premise": "a", "question": "cause", "choice1": "b"}, None, "expected the column"),
        ({"premise": "a", "question": "cause", "choice1": "", "choice2": " "}, None, "line 1: none of the columns"),
        ({"a": "a", "b": "b", "c": "c"}, ("a", "b", "c"), "expected premise, question and at least two choices"),
    ],
)
def test_mistakes_in_a_file(
    directory: Path, tmp_path: Path, row: dict[str, str], columns: tuple[str, ...] | None, message: str
) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match=message):
        predict_file(directory, tmp_path / "in.jsonl", columns=columns)


def test_a_saved_model_is_scored_on_tasks_of_its_type(directory: Path, tmp_path: Path) -> None:
    copa = [{**row, "label": place % 2} for place, row in enumerate(rows())]
    (tmp_path / "xcopa" / "sw").mkdir(parents=True)
    text = "".join(json.dumps({key: row[key] for key in row if key != "choice3"}) + "\n" for row in copa)
    (tmp_path / "xcopa" / "sw" / "val.sw.jsonl").write_text(text)
    (score,) = evaluate(directory, task="xcopa", split="dev", data=tmp_path)["scores"]
    assert (score["language"], score["metric"], score["items"]) == ("sw", "accuracy", len(copa))
    assert 0 <= score["value"] <= 100
    (tmp_path / "xnli").mkdir()
    (tmp_path / "xnli" / "dev-en.tsv").write_text("a\tb\tneutral\n")
    with pytest.raises(CheckpointError, match="labels"):
        evaluate(directory, task="xnli", split="dev", data=tmp_path)


def test_a_model_with_another_head_is_refused(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    TaskModel.create(Encoder.load(checkpoint("bert")), "pair", ("a", "b"), seed=0).save(tmp_path / "pair")
    (tmp_path / "copa").mkdir()
    (tmp_path / "copa" / "val.en.jsonl").write_text(json.dumps({**rows()[0], "label": 0}) + "\n")
    with pytest.raises(CheckpointError, match="the model is for 'pair' tasks, and copa is a 'multiple_choice' task"):
        evaluate(tmp_path / "pair", task="copa", split="dev", data=tmp_path)
