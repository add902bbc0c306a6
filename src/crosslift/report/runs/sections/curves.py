"""Learning curves of every stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.report.sections import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.runs.view import Report


ORDER = 20
TEMPLATE = """\
<h2>Learning curves</h2>
<p>One line per run{% if report.others %}, coloured by system{% endif %}. Checkpoints are selected by source dev scores.</p>
{{ legend(hues, "Colours of the systems") }}
<div class="panels">
{% for curve in curves %}
{{ figure(curve, "curve-" ~ loop.index, heading="h3") }}
{% endfor %}
</div>
"""


def sections(report: Report) -> Iterator[Section]:
    """Yield the section, if any run has a log."""
    from crosslift.report.charts import figures

    if curves := figures.learning_curves(report):
        yield Section("curves", "Learning curves", {"report": report, "curves": curves})
