"""Limitations of the runs, and what they warn of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.io.markdown import bullets
from crosslift.report.runs import sentences
from crosslift.report.sections import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.runs.view import Report


ORDER = 60
TEMPLATE = """\
<h2>Limitations</h2>
{{ bullets(limitations, "These runs show none; the choice of task, languages and encoder remains one.") }}
"""


def sections(report: Report) -> Iterator[Section]:
    """Yield the section."""
    yield Section("limitations", "Limitations", {"limitations": sentences.limitations(report)})


def markdown(report: Report) -> Iterator[str]:
    """Yield limitations and warnings, which the page shows at its top."""
    yield from bullets("Limitations", sentences.limitations(report))
    yield from bullets("Warnings", report.warnings)
