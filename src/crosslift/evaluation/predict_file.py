"""Labels for a user's file: CSV, TSV or JSON Lines in, the same with additional columns out."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crosslift.encoder.device import default_device
from crosslift.errors import DataError, RunExistsError
from crosslift.evaluation.file_examples import Columns
from crosslift.evaluation.predict import predict
from crosslift.heads.input_settings import check_max_length
from crosslift.heads.task_model import TaskModel
from crosslift.io.text import Row, rows, suffix
from crosslift.runs.write import write_text

LANGUAGE = "en"
"""Language of rows that do not state one."""


def predict_file(
    model: str | Path,
    source: Path,
    *,
    output: Path | None = None,
    columns: Sequence[str] | None = None,
    max_length: int | None = None,
) -> int:
    """Label every row of a file, and return the number of rows.

    The output has the input's columns and `prediction` and `probability`.  For tagging it has `prediction` alone, the
    tags separated by spaces; for intent_slot models these, `intent`, and its probability.  For a question about a
    context, the prediction is a span of the context, and `start` its offset in characters.  For multiple choice, the
    prediction is the index of the likeliest choice, from 0; rows with fewer choices leave the last ones blank.

    The model reads the rows as `evaluate` reads examples: with its prompt, input settings and lengths, in the language
    of the column `language` (English without it), which matters for encoders that embed languages and for language
    adapters.

    Args:
        model: directory or hub id of a checkpoint with a head.
        source: .jsonl, .csv or .tsv with a header; also with .gz.
        output: file to write, in the format of its extension; None prints the input's format on standard output.
        columns: names of the text columns; None reads the usual ones.
        max_length: tokens an input is truncated to, at least 8; None for the model's (`TaskModel.lengths`).

    Raises:
        DataError: a missing column, a value that is not text, an empty file, or an unknown extension.
        CheckpointError: the checkpoint has no task head.
        RunExistsError: the output exists.
        InputError: `max_length` is too short.
    """
    if output is not None and output.exists():
        raise RunExistsError(f"{output} exists already and is never overwritten; choose another --output")
    check_max_length(max_length)
    written_form = suffix(output or source)
    table = list(rows(source))
    if not table:
        raise DataError(f"{source}: the file has column names but no rows; there is nothing to label")
    loaded = TaskModel.load(model).to(default_device())
    chosen = Columns.find(loaded.task_type, list(table[0][1]), source=source, chosen=columns)
    labelled = _label(loaded, table, chosen, source, max_length)
    text = _format(labelled, written_form)
    if output is None:
        sys.stdout.write(text)
    else:
        write_text(output, text)
    return len(labelled)


def _label(
    model: TaskModel, table: Sequence[Row], columns: Columns, source: Path, max_length: int | None
) -> list[dict[str, Any]]:
    """Predict language by language, as `evaluate` does; rows keep their order."""
    examples = [
        columns.example(row, number, where=f"{source}, line {line}") for number, (line, row) in enumerate(table)
    ]
    languages = [str(row.get("language") or LANGUAGE) for _, row in table]
    results: list[dict[str, Any]] = [{}] * len(table)
    for language in dict.fromkeys(languages):
        places = [place for place, code in enumerate(languages) if code == language]
        records = predict(model, [examples[place] for place in places], language=language, max_length=max_length)
        for place, record in zip(places, records, strict=True):
            results[place] = {**table[place][1], **_added(record)}
    return results


def _added(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the additional columns of a row."""
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
