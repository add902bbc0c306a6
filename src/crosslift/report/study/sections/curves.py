"""Learning curves of a study, means over seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.report.sections import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study

ORDER = 60
TEMPLATE = """\
<h2>Learning curves</h2>
<p>Mean over seeds, one line per arm. Checkpoints are selected by source dev scores.</p>
{{ legend(hues, "Colours of the arms") }}
<div class="panels">
{% for curve in curves %}
{{ figure(curve, "curve-" ~ loop.index, heading="h3") }}
{% endfor %}
</div>
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield the section, if the study has curves."""
    from crosslift.report.study import figures

    if curves := figures.curves(study):
        yield Section("curves", "Learning curves", {"curves": curves})
