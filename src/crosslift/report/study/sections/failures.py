"""Runs of a study that failed or are missing, and what runs warn of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.report.runs.markdown_tables import section
from crosslift.report.sections import Section
from crosslift.report.study import stages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study

ORDER = 110
TEMPLATE = """\
<h2>{{ failures.title }}</h2>
{{ table(failures) }}
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield the section, if there is anything to tell."""
    if failures := stages.failures(study):
        yield Section("failures", "Failures", {"failures": failures})


def markdown(study: Study) -> Iterator[str]:
    """Yield the table."""
    if failures := stages.failures(study):
        yield "## Failures"
        yield section(failures)
