"""The question of a study, and its background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.io.markdown import escaped
from crosslift.report.sections import Section
from crosslift.report.study.sentences import paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study

ORDER = 20
TEMPLATE = """\
<h2>Question</h2>
{% for paragraph in question %}
<p class="lede">{{ paragraph }}</p>
{% endfor %}
{% if background %}
<h3>Background</h3>
{% for paragraph in background %}
<p>{{ paragraph }}</p>
{% endfor %}
{% endif %}
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield the section."""
    found = study.result
    content = {"question": paragraphs(found.question), "background": paragraphs(found.background)}
    yield Section("question", "Question", content)


def markdown(study: Study) -> Iterator[str]:
    """Yield question and background."""
    yield "## Question"
    yield from map(escaped, paragraphs(study.result.question))
    yield from map(escaped, paragraphs(study.result.background))
