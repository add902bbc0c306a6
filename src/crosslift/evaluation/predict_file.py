"""Label a user's file: csv, tsv or JSON Lines in, the same with two more columns out."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crosslift.api.examples import (
    Example,
    ExtractiveQAExample,
    IntentSlotExample,
    MultipleChoiceExample,
    PairExample,
    SentenceExample,
    TaggingExample,
)
from crosslift.encoder.device import default_device
from crosslift.errors import CheckpointError, DataError, RunExistsError, nearest
from crosslift.evaluation.predict import predict
from crosslift.heads.task_model import TaskModel
from crosslift.io.text import form, require, rows
from crosslift.runs.write import write_text
from crosslift.train.task_items import default_length
from crosslift.train.windows import DOC_STRIDE

COLUMNS = {
    "sentence": (("text",), ("sentence",)),
    "pair": (
        ("premise", "hypothesis"),
        ("sentence1", "sentence2"),
        ("first", "second"),
        ("text", "text_pair"),
    ),
    "tagging": (("words",), ("tokens",), ("text",)),
    "intent_slot": (("words",), ("tokens",), ("utterance",), ("utt",), ("text",)),
    "multiple_choice": (
        ("premise", "question", "choice1", "choice2"),
        ("context", "question", "answerA", "answerB"),
    ),
    "extractive_qa": (("question", "context"),),
}
"""Column names looked for, first match wins, by kind of task; choices may go on, as choice3 or answerC."""
_MORE = re.compile(r"choice\d+|answer[A-Z]")
"""Columns of choices."""


def predict_file(
    model: str | Path, source: Path, *, output: Path | None = None, columns: Sequence[str] | None = None
) -> int:
    """Label every row of a file and return how many there are.

    The output has the input's columns and `prediction` and `probability`.  For tagging it is `prediction` alone, the
    tags separated by blanks; for joint tasks these, `intent`, and the probability of that.  Of a question about a
    context, the prediction is words of the context, and `start` the first one's place in it, in characters.  Of
    choices, the prediction is the number of the likeliest, counted from 0; rows with fewer choices leave the last ones
    blank.  A column `language` is used by encoders that embed languages.

    Args:
        model: directory or hub id of a checkpoint with a head.
        source: .jsonl, .csv or .tsv with a line of column names; also with .gz.
        output: file to write, in the form of its ending; None prints the input's form on standard output.
        columns: names of the text columns; None looks for the usual ones.

    Raises:
        DataError: a column that is missing, an empty file, an unknown ending.
        CheckpointError: no task head.
        RunExistsError: the output exists.
    """
    if output is not None and output.exists():
        raise RunExistsError(f"{output} exists already and is never overwritten; choose another --output")
    written_form = form(output or source)
    table = [row for _, row in rows(source)]
    if not table:
        raise DataError(f"{source}: there are column names and no rows; nothing to label")
    loaded = TaskModel.load(model).to(default_device())
    chosen = _columns(loaded, table, columns, source)
    labelled = _label(loaded, table, chosen)
    text = _format(labelled, written_form)
    if output is None:
        sys.stdout.write(text)
    else:
        write_text(output, text)
    return len(labelled)


def _columns(
    model: TaskModel, table: Sequence[Mapping[str, Any]], columns: Sequence[str] | None, source: Path
) -> Sequence[str]:
    task_type = (
        "pair" if columns is not None and len(columns) == 2 and model.task_type == "sentence" else model.task_type
    )
    if task_type not in COLUMNS:
        raise CheckpointError(f"a model for '{task_type}' tasks cannot label a file (task types: {', '.join(COLUMNS)})")
    names = list(table[0])
    if columns is not None:
        require(table[0], columns, where=f"{source}, line 1")
        _check_count(task_type, columns)
        return columns
    for usual in COLUMNS[task_type]:
        if set(usual) <= set(names):
            return _with_more(usual, names) if task_type == "multiple_choice" else usual
    expected = " or ".join("+".join(usual) for usual in COLUMNS[task_type])
    raise DataError(
        f"{source}, line 1: expected the column(s) {expected}, found {', '.join(names)}"
        f"{nearest(names[0], [name for usual in COLUMNS[task_type] for name in usual])}; name yours with --text"
    )


def _check_count(task_type: str, columns: Sequence[str]) -> None:
    if task_type == "multiple_choice" and len(columns) < 4:
        raise DataError(f"--text {','.join(columns)}: expected premise, question and at least two choices")
    if task_type == "extractive_qa" and len(columns) != 2:
        raise DataError(f"--text {','.join(columns)}: expected two columns, question and context")


def _with_more(usual: Sequence[str], names: Sequence[str]) -> Sequence[str]:
    """Return premise, question and all choices that are named like the first, in the order of their names."""
    stem = usual[2][:-1]
    more = [name for name in names if _MORE.fullmatch(name) and name.startswith(stem)]
    return (*usual[:2], *sorted(more, key=lambda name: (len(name), name)))


def _label(model: TaskModel, table: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Predict language by language, since some encoders embed it; rows keep their order."""
    results: list[dict[str, Any]] = [{}] * len(table)
    for language in dict.fromkeys(str(row.get("language", "en")) for row in table):
        places = [place for place, row in enumerate(table) if str(row.get("language", "en")) == language]
        examples = [_example(model, place, table[place], columns) for place in places]
        for place, record in zip(places, predict(model, examples, language=language, **_lengths(model)), strict=True):
            results[place] = {**table[place], **_added(record)}
    return results


def _lengths(model: TaskModel) -> dict[str, int]:
    """Return how long windows of a context are, as in training; other inputs are read as far as the encoder can."""
    if model.task_type != "extractive_qa":
        return {"max_length": min(512, model.encoder.max_length)}
    input_settings = model.input_settings
    return {
        "max_length": input_settings.max_length or default_length("extractive_qa"),
        "doc_stride": input_settings.doc_stride or DOC_STRIDE,
    }


def _example(model: TaskModel, place: int, row: Mapping[str, Any], columns: Sequence[str]) -> Example:
    number = str(place)
    if model.task_type == "multiple_choice":
        return _choices(number, row, columns)
    values = [row[column] for column in columns]
    if model.task_type in ("tagging", "intent_slot"):
        words = values[0] if isinstance(values[0], list) else str(values[0]).split()
        return (TaggingExample if model.task_type == "tagging" else IntentSlotExample)(number, tuple(map(str, words)))
    if model.task_type == "extractive_qa":
        return ExtractiveQAExample(f"in row {place + 1}", str(values[0]), str(values[1]))
    if len(values) == 2:
        return PairExample(number, str(values[0]), str(values[1]))
    return SentenceExample(number, str(values[0]))


def _choices(number: str, row: Mapping[str, Any], columns: Sequence[str]) -> MultipleChoiceExample:
    cells = (row.get(column) for column in columns)
    premise, question, *choices = ("" if cell is None else str(cell) for cell in cells)
    while choices and not choices[-1].strip():
        choices.pop()
    if not choices:
        raise DataError(f"row {int(number) + 1}: none of the columns {', '.join(columns[2:])} holds a choice")
    return MultipleChoiceExample(number, premise, question, tuple(choices))


def _added(record: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(record["prediction"], list):
        return {"prediction": " ".join(record["prediction"])}
    if isinstance(record["prediction"], dict):
        found = record["prediction"]
        return {
            "prediction": " ".join(found["slots"]),
            "intent": found["intent"],
            "probability": record["intent_probability"],
        }
    return {name: record[name] for name in ("prediction", "probability", "start") if name in record}


def _format(table: Sequence[Mapping[str, Any]], ending: str) -> str:
    if ending not in (".csv", ".tsv"):
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), delimiter="\t" if ending == ".tsv" else ",", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()
