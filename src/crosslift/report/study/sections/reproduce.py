"""Command, definition and environment of a study: what is needed to run it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.io.markdown import bullets
from crosslift.report.sections import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study

ORDER = 130
TEMPLATE = """\
<h2>How to reproduce</h2>
{{ fact_list(facts) }}
{% if study.result.definition %}
<details>
<summary>Definition of the study</summary>
<pre tabindex="0" aria-label="Definition of the study"><code>{{ study.result.definition }}</code></pre>
</details>
{% endif %}
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield the section."""
    from crosslift.report.charts.html import flat

    found = study.result
    facts = {
        "run again": found.command,
        "study": found.study,
        "definition hash": found.definition_hash,
        **dict(flat(found.environment)),
    }
    yield Section("reproduce", "Reproduce", {"study": study, "facts": facts})


def markdown(study: Study) -> Iterator[str]:
    """Yield command and hash."""
    found = study.result
    yield from bullets("How to reproduce", filter(None, [found.command, f"definition hash {found.definition_hash}"]))
