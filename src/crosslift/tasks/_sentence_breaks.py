"""Furniture of answer retrieval: SQuAD's form with the borders of sentences, as LAReQA's files have it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crosslift.data.text import existing, open_bytes, require
from crosslift.errors import DataError


def paragraphs(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (number from 1, paragraph) of a file.

    Raises:
        DataError: it is not JSON of SQuAD's form, or a paragraph has no `sentence_breaks`.
    """
    number = 0
    for article in _articles(path):
        for paragraph in article.get("paragraphs", ()):
            number += 1
            require(paragraph, ("context", "qas", "sentence_breaks"), where=f"{path}, paragraph {number}")
            yield number, paragraph


def _articles(path: Path) -> list[dict[str, Any]]:
    place = existing(path)
    try:
        with open_bytes(place) as file:
            content = json.load(file)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{place}: not JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("data"), list):
        raise DataError(f'{place}: expected SQuAD\'s form, {{"data": [{{"paragraphs": [...]}}]}}')
    articles: list[dict[str, Any]] = content["data"]
    return articles


def answering(paragraph: dict[str, Any]) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield (place, text, ids of the questions it answers) of each sentence of a paragraph.

    The answer of a question is the sentence in which its first answer begins, and every other one of the paragraph
    with the same text (LAReQA's scripts).
    """
    context = paragraph["context"]
    texts = [context[start:end] for start, end in paragraph["sentence_breaks"]]
    answers: dict[str, list[str]] = {}
    for question in paragraph["qas"]:
        begin = question["answers"][0]["answer_start"]
        found = [context[start:end] for start, end in paragraph["sentence_breaks"] if start <= begin < end]
        if found:
            answers.setdefault(found[0], []).append(question["id"])
    for place, text in enumerate(texts):
        yield place, text, tuple(answers.get(text, ()))
