"""Base of extractive question answering: SQuAD's JSON, and questions as examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crosslift.api.examples import Answer, Example, ExtractiveQAExample, Split
from crosslift.api.task import Task
from crosslift.errors import DataError
from crosslift.io.text import Row, json_document


class ExtractiveQATask(Task):
    """Base of extractive question answering: files in the layout of SQuAD v1.1.

    The answers of a question are given by text and first character, as in SQuAD's files or as two lists on the hub.
    XTREME's download script blanks the answers of test sets; such questions have no answers and cannot be scored.
    """

    task_type = "extractive_qa"
    metrics = ("f1", "exact_match")
    lab_task = "span_qa"
    columns = ("question", "context", "answers", "id")
    answers = ("answers", "id")

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield (number of the question, from 1; the question) of a file.

        Raises:
            DataError: the file does not have the layout of SQuAD v1.1.
        """
        number = 0
        for article in _part(json_document(path), "data", where=str(path)):
            for paragraph in _part(article, "paragraphs", where=f"{path}, after question {number}"):
                for question in _part(paragraph, "qas", where=f"{path}, after question {number}"):
                    number += 1
                    yield number, {**question, "context": paragraph.get("context")}

    def read_file(self, path: Path, split: Split | None = None) -> Iterator[Example]:  # noqa: ARG002 - one split per file
        """Yield the questions of one file.

        Raises:
            DataError: a question is not as expected; the message names the file and the question.
        """
        for number, row in self.file_rows(path):
            where = f"{path}, question {number} (id {row.get('id')})"
            yield self.from_row(row, number - 1, where=where)

    def from_row(
        self,
        row: Mapping[str, Any],
        index: int,
        *,
        where: str,
        features: Mapping[str, Any] | None = None,  # noqa: ARG002 - there are no numbered labels
    ) -> ExtractiveQAExample:
        """Return the example of one row; without an id, its id is the index of the row."""
        question, context = (self.text(row, column, where=where) if column in row else "" for column in self.needed)
        for column, text in (("question", question), ("context", context)):
            if not text.strip():
                raise DataError(f"{where}: the {column} is empty")
        answers = tuple(squad_answers(row.get("answers"), where))
        identifier = row.get("id")
        return ExtractiveQAExample(str(index if identifier is None else identifier), question, context, answers)


def _part(value: Any, key: str, *, where: str) -> list[Any]:
    if not isinstance(value, Mapping) or not isinstance(value.get(key), list):
        raise DataError(
            f'{where}: expected SQuAD\'s layout, {{"data": [{{"paragraphs": [{{"qas": ...; found no "{key}"'
        )
    found: list[Any] = value[key]
    return found


def squad_answers(value: Any, where: str) -> Iterator[Answer]:
    """Yield the answers of a question, from a list of pairs or a pair of lists, without blank ones.

    Raises:
        DataError: the value has another layout.
    """
    if value is None:
        return
    if isinstance(value, Mapping) and {"text", "answer_start"} <= value.keys():
        value = [{"text": text, "answer_start": start} for text, start in _pairs(value, where)]
    if not isinstance(value, list):
        raise DataError(f"{where}: found answers of type {type(value).__name__}; {_EXPECTED}")
    for answer in value:
        text, start = (answer.get("text"), answer.get("answer_start")) if isinstance(answer, Mapping) else (None, None)
        if not isinstance(text, str) or not isinstance(start, int):
            raise DataError(f"{where}: {answer!r} is not an answer; {_EXPECTED}")
        if text.strip():
            yield Answer(text, start)


_EXPECTED = 'expected [{"text": ..., "answer_start": ...}], or {"text": [...], "answer_start": [...]}'


def _pairs(value: Mapping[str, Any], where: str) -> list[tuple[Any, Any]]:
    texts, starts = list(value["text"]), list(value["answer_start"])
    if len(texts) != len(starts):
        raise DataError(f"{where}: {len(texts)} answers, but {len(starts)} starts of answers; {_EXPECTED}")
    return list(zip(texts, starts, strict=True))
