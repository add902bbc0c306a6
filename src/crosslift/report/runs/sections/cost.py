"""Cost: time, steps and tokens of each stage of each system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.report.runs import stages
from crosslift.report.runs.markdown_tables import section
from crosslift.report.sections import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.runs.view import Report


ORDER = 50
TEMPLATE = """\
<h2>{{ cost.title }}</h2>
{{ table(cost) }}
"""


def sections(report: Report) -> Iterator[Section]:
    """Yield the section, if any run says what it cost."""
    if cost := stages.cost(report):
        yield Section("cost", "Cost", {"cost": cost})


def markdown(report: Report) -> Iterator[str]:
    """Yield the table."""
    if cost := stages.cost(report):
        yield section(cost)
