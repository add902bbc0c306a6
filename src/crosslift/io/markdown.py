"""Text and tables in GitHub's Markdown, in which nothing that a user wrote is markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def escaped(text: str) -> str:
    r"""Neutralise what Markdown or HTML would read as markup; a line break would end a table row.

    >>> escaped("a_b | <c>")
    'a\\_b \\| \\<c\\>'
    """
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", " ".join(text.split()))


def table(header: Sequence[str], rule: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already; `rule` holds "---" for text and "---:" for numbers."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *rows))


def bullets(title: str, lines: Iterable[str]) -> list[str]:
    """Return a section that lists plain texts, or nothing where there are none."""
    found = "\n".join(f"- {escaped(line)}" for line in lines)
    return [f"## {title}\n\n{found}"] if found else []
