"""Probes: measurements of the encoder after each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.report.runs import stages
from crosslift.report.runs.markdown_tables import section
from crosslift.report.sections import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.runs.view import Report


ORDER = 40
TEMPLATE = """\
<h2>Probes <span>the encoder after each stage</span></h2>
{{ titled(probes) }}
"""


def sections(report: Report) -> Iterator[Section]:
    """Yield the section, if there are probes."""
    if probes := stages.probes(report):
        yield Section("probes", "Probes", {"probes": probes})


def markdown(report: Report) -> Iterator[str]:
    """Yield a table per probe."""
    return map(section, stages.probes(report))
