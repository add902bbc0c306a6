"""The report on a study as Markdown, in the order of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.io.markdown import escaped
from crosslift.report.sections import markdown
from crosslift.report.study import sections, sentences

if TYPE_CHECKING:
    from crosslift.report.study.view import Study


def render(study: Study) -> str:
    """Return a Markdown document."""
    parts = [f"# {escaped(study.result.title)}", *map(escaped, sentences.abstract(study)), *markdown(sections, study)]
    return "\n\n".join(parts) + "\n"
