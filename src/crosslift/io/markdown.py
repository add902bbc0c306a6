"""GitHub's Markdown: tables and lists in which the user's text is never read as markup.  Imports no torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def escaped(text: str) -> str:
    r"""Escape Markdown and HTML markup, and join lines, since a line break would end a table row.

    >>> escaped("a_b | <c>")
    'a\\_b \\| \\<c\\>'
    """
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", " ".join(text.split()))


def table(header: Sequence[str], rule: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown cells; `rule` has "---" for columns of text and "---:" for numbers."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *rows))


def bullets(title: str, lines: Iterable[str]) -> list[str]:
    """Return a section with a list of plain texts, or nothing if there are none."""
    found = "\n".join(f"- {escaped(line)}" for line in lines)
    return [f"## {title}\n\n{found}"] if found else []
