"""The answers of the user's questions, located in their contexts.  Imports no torch."""

from __future__ import annotations

from typing import Any

from crosslift.api.examples import Answer
from crosslift.errors import DataError


def located(text: Any, start: Any, context: str, *, where: str) -> Answer:
    """Return an answer with its position in the context.

    Args:
        text: the text of the answer.
        start: the character at which the answer starts, from 0; None: its first occurrence in the context.
        context: the context.
        where: file, line and column, for messages.

    Raises:
        DataError: the answer is not text, or is not in the context at this position.
    """
    if not isinstance(text, str):
        raise DataError(f"{where}: an answer is a {type(text).__name__}; text is expected")
    if start is None:
        return _found(text.strip(), context, where)
    position = _position(start, where)
    if not context.startswith(text, position):
        there, found = context[position : position + len(text)], context.find(text)
        hint = f"; it starts at {found}" if found >= 0 else ""
        raise DataError(
            f"{where}: the answer '{text}' should start at character {position} of the context, counted from 0, but "
            f"'{there}' is there{hint}"
        )
    return Answer(text, position)


def cell_values(value: Any) -> list[Any]:
    """Return the values of a cell; a blank cell has none."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    return value if isinstance(value, list) else [value]


def _found(text: str, context: str, where: str) -> Answer:
    position = context.find(text)
    if position < 0:
        raise DataError(f"{where}: the answer '{text}' is not in the context{_other_case(text, context)}")
    return Answer(text, position)


def _position(value: Any, where: str) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not text.isdecimal():
        raise DataError(f"{where}: the answer's start is '{value}'; a whole number is expected, in characters from 0")
    return int(text)


def _other_case(text: str, context: str) -> str:
    """Return a hint if the context has the text with other capitals."""
    found = context.lower().find(text.lower())
    return f"; '{context[found : found + len(text)]}' is" if found >= 0 else ""
