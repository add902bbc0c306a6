"""Files that are labelled: their columns, and mistakes in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError, DataError
from crosslift.evaluation.file_examples import Columns
from crosslift.evaluation.predict_file import predict_file
from crosslift.heads.task_model import TaskModel
from tests.tiny import TEXTS

SOURCE = Path("in.jsonl")


@pytest.fixture(scope="module")
def model(checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("saved") / "model"
    TaskModel.create(Encoder.load(checkpoint("xlm")), "pair", ("a", "b"), seed=0).save(place)
    return place


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_rows_without_a_language_are_english(model: Path, tmp_path: Path) -> None:
    pair = {"first": TEXTS[0], "second": TEXTS[1]}
    rows: list[dict[str, Any]] = [pair, *({**pair, "language": code} for code in (None, "", "en", "de"))]
    source = write(tmp_path / "in.jsonl", [{**row, "language": row.get("language")} for row in rows])
    predict_file(model, source, output=tmp_path / "out.jsonl")
    written = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    *english, german = [row["probability"] for row in written]
    assert len(set(english)) == 1
    assert german != english[0], "the encoder embeds languages"


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        (
            [{"first": "a", "second": None}],
            None,
            r"in.jsonl, line 1: column 'second' holds a NoneType; text is expected",
        ),
        ([{"first": "a", "second": "b"}, {"first": "a"}], None, r"in.jsonl, line 2: no column 'second'"),
        ([{"first": "a", "second": "b"}], ("first",), "--text first: expected two columns, the first and the second"),
        ([{"first": "a", "second": "b"}], ("frist", "second"), r"line 1: no column 'frist'; did you mean 'first'"),
    ],
)
def test_a_mistake_names_line_and_column(
    model: Path, tmp_path: Path, rows: list[dict[str, Any]], columns: tuple[str, ...] | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        predict_file(model, write(tmp_path / "in.jsonl", rows), columns=columns)


def test_multiple_choice_needs_no_question() -> None:
    columns = Columns.find("multiple_choice", ["premise", "choice1", "choice2", "choice3", "label"], source=SOURCE)
    row = {"premise": "It rains.", "choice1": "a", "choice2": "b", "choice3": None}
    example: Any = columns.example(row, 0, where="line 1")
    assert (example.premise, example.question, example.choices) == ("It rains.", "", ("a", "b"))


def test_two_columns_make_pairs_for_a_model_of_others() -> None:
    assert Columns.find("sentence", ["a", "b"], source=SOURCE, chosen=["a", "b"]).task_type == "pair"
    assert Columns.find("sentence", ["text"], source=SOURCE) == Columns("sentence", ("text",))


def test_other_task_types_cannot_label_a_file() -> None:
    with pytest.raises(CheckpointError, match=r"a model for 'retrieval' tasks cannot label a file \(task types: sent"):
        Columns.find("retrieval", ["text"], source=SOURCE)
