"""Cost of the arms of a study, and of each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.report.runs.markdown_tables import section
from crosslift.report.sections import Section
from crosslift.report.study import stages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study
    from crosslift.tables.table import Table

ORDER = 90
TEMPLATE = """\
<h2>Cost</h2>
{{ titled(costs) }}
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield the section, if the study says what its runs cost."""
    if costs := [table for table in (_cost(study), stages.stages(study)) if table]:
        yield Section("cost", "Cost", {"costs": costs})


def markdown(study: Study) -> Iterator[str]:
    """Yield the table of arms."""
    if cost := _cost(study):
        yield "## Cost"
        yield section(cost)


def _cost(study: Study) -> Table | None:
    return stages.cost(study, study.views[0] if study.views else None)
