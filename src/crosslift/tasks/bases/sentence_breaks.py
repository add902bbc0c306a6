"""Furniture of answer retrieval: SQuAD's form with the borders of sentences, as LAReQA's files have it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crosslift.errors import DataError
from crosslift.io.text import existing, open_bytes, require

_END = re.compile(r"""[.!?]["'”’)\]]*\s+(?=["'“‘(\[]*[A-Z0-9])""")
"""A full stop, blanks, and what may begin a sentence."""
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|[A-Za-z]\.[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|Gen|Col|Lt|Rev|No|vs|ca)\.$"
)
"""What ends in a full stop within a sentence: initials, and titles before names."""


def sentences(text: str) -> list[tuple[int, int]]:
    """Return where the sentences of an English text begin and end, in characters, blanks between them left out.

    A rule, for files without borders; XTREME-R's scripts have one of their own.

    >>> text = "Dr. J. Smith came. He left."
    >>> [text[start:end] for start, end in sentences(text)]
    ['Dr. J. Smith came.', 'He left.']
    """
    borders, start = [], 0
    for match in _END.finditer(text):
        stop = match.start() + 1
        if text[match.start()] != "." or not _ABBREVIATION.search(text[start:stop]):
            borders.append((start, match.start() + len(match[0].rstrip())))
            start = match.end()
    return [*borders, (start, len(text.rstrip()))] if text[start:].strip() else borders


def paragraphs(path: Path, *, cut: bool = False) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (number from 1, paragraph) of a file.

    Args:
        path: the file.
        cut: cut paragraphs without `sentence_breaks` into sentences, which must be English.

    Raises:
        DataError: it is not JSON of SQuAD's form, or a paragraph has no `sentence_breaks`.
    """
    number = 0
    for article in _articles(path):
        for paragraph in article.get("paragraphs", ()):
            number += 1
            needed = ("context", "qas") if cut else ("context", "qas", "sentence_breaks")
            require(paragraph, needed, where=f"{path}, paragraph {number}")
            yield number, paragraph if "sentence_breaks" in paragraph else with_breaks(paragraph)


def with_breaks(paragraph: dict[str, Any]) -> dict[str, Any]:
    """Return a paragraph with the borders of its sentences."""
    return {**paragraph, "sentence_breaks": sentences(paragraph["context"])}


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


def begins_in(paragraph: dict[str, Any], begin: int) -> int | None:
    """Return the place of the sentence that a character is in; None between sentences."""
    borders = enumerate(paragraph["sentence_breaks"])
    return next((place for place, (start, end) in borders if start <= begin < end), None)


def answering(paragraph: dict[str, Any]) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield (place, text, ids of the questions it answers) of each sentence of a paragraph.

    The answer of a question is the sentence in which its first answer begins, and every other one of the paragraph
    with the same text (LAReQA's scripts).
    """
    context = paragraph["context"]
    texts = [context[start:end] for start, end in paragraph["sentence_breaks"]]
    answers: dict[str, list[str]] = {}
    for question in paragraph["qas"]:
        place = begins_in(paragraph, question["answers"][0]["answer_start"])
        if place is not None:
            answers.setdefault(texts[place], []).append(question["id"])
    for place, text in enumerate(texts):
        yield place, text, tuple(answers.get(text, ()))
