"""References of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.io.markdown import bullets
from crosslift.report.sections import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study

ORDER = 140
TEMPLATE = """\
<h2>References</h2>
{{ bullets(study.result.references) }}
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield the section, if there are references."""
    if study.result.references:
        yield Section("references", "References", {"study": study})


def markdown(study: Study) -> Iterator[str]:
    """Yield the list."""
    yield from bullets("References", study.result.references)
