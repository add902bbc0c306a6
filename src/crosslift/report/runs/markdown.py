"""The report on runs as Markdown, in the order of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.io.markdown import escaped
from crosslift.report.runs import sections, sentences
from crosslift.report.sections import markdown

if TYPE_CHECKING:
    from crosslift.report.runs.view import Report


def render(report: Report) -> str:
    """Return a Markdown document: summary, tables, limitations, warnings."""
    parts = [f"# {escaped(sentences.title(report))}", escaped(sentences.summary(report)), *markdown(sections, report)]
    return "\n\n".join(parts) + "\n"
