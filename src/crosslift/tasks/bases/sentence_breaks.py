"""SQuAD's layout with sentence boundaries, as in the files of LAReQA, for answer retrieval."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crosslift.errors import DataError
from crosslift.io.text import existing, open_bytes, require

_END = re.compile(r"""[.!?]["'”’)\]]*\s+(?=["'“‘(\[]*[A-Z0-9])""")
"""The end of a sentence, spaces, and the possible beginning of another."""
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|[A-Za-z]\.[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|Gen|Col|Lt|Rev|No|vs|ca)\.$"
)
"""Words with a full stop within a sentence: initials, and titles before names."""


def sentences(text: str) -> list[tuple[int, int]]:
    """Return (begin, end) of the sentences of an English text, in characters, without the spaces between them.

    Used for files without boundaries; XTREME-R's scripts use a different rule.

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
        cut: split paragraphs without `sentence_breaks` into sentences, which must be English.

    Raises:
        DataError: the file is not JSON in SQuAD's layout, or a paragraph has no `sentence_breaks`.
    """
    number = 0
    for article in _articles(path):
        for paragraph in article.get("paragraphs", ()):
            number += 1
            needed = ("context", "qas") if cut else ("context", "qas", "sentence_breaks")
            require(paragraph, needed, where=f"{path}, paragraph {number}")
            yield number, paragraph if "sentence_breaks" in paragraph else with_breaks(paragraph)


def with_breaks(paragraph: dict[str, Any]) -> dict[str, Any]:
    """Return a paragraph with its sentence boundaries."""
    return {**paragraph, "sentence_breaks": sentences(paragraph["context"])}


def _articles(path: Path) -> list[dict[str, Any]]:
    place = existing(path)
    try:
        with open_bytes(place) as file:
            content = json.load(file)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{place}: not JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("data"), list):
        raise DataError(f'{place}: expected SQuAD\'s layout, {{"data": [{{"paragraphs": [...]}}]}}')
    articles: list[dict[str, Any]] = content["data"]
    return articles


def begins_in(paragraph: dict[str, Any], begin: int) -> int | None:
    """Return the index of the sentence that contains a character; None between sentences."""
    borders = enumerate(paragraph["sentence_breaks"])
    return next((place for place, (start, end) in borders if start <= begin < end), None)


def answering(paragraph: dict[str, Any]) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield (index, text, ids of the questions that it answers) of each sentence of a paragraph.

    A question is answered by the sentence in which its first answer begins, and by all sentences of the paragraph with
    the same text (LAReQA's scripts).
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
