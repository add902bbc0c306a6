"""Probes of a study: measurements of the encoder after each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.report.runs.markdown_tables import section
from crosslift.report.sections import Section
from crosslift.report.study import stages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study

ORDER = 80
TEMPLATE = """\
<h2>Probes <span>the encoder after each stage</span></h2>
{{ titled(probes) }}
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield the section, if the study has probes."""
    if probes := stages.probes(study):
        yield Section("probes", "Probes", {"probes": probes})


def markdown(study: Study) -> Iterator[str]:
    """Yield a table per probe."""
    if probes := stages.probes(study):
        yield "## Probes"
        yield from map(section, probes)
