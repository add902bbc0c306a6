"""All tasks of a study in one table, with their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.report.runs.markdown_tables import section
from crosslift.report.sections import Section
from crosslift.report.study.benchmark import benchmark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study

ORDER = 40
TEMPLATE = """\
<h2>{{ benchmark.title }}</h2>
{{ table(benchmark) }}
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield the section, if the study has several tasks."""
    if table := benchmark(study):
        yield Section("benchmark", table.title, {"benchmark": table})


def markdown(study: Study) -> Iterator[str]:
    """Yield the table."""
    if table := benchmark(study):
        yield section(table)
