"""Limitations of a study, and its notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.io.markdown import bullets
from crosslift.report.sections import Section
from crosslift.report.study import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study

ORDER = 120
TEMPLATE = """\
<h2>Limitations</h2>
{{ bullets(limitations, "None are stated; the choice of tasks, languages and encoder remains one.") }}
{% if study.result.notes %}
<h3>Notes</h3>
{{ bullets(study.result.notes) }}
{% endif %}
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield the section."""
    yield Section("limitations", "Limitations", {"study": study, "limitations": sentences.limitations(study)})


def markdown(study: Study) -> Iterator[str]:
    """Yield limitations and notes."""
    yield from bullets("Limitations", sentences.limitations(study))
    yield from bullets("Notes", study.result.notes)
