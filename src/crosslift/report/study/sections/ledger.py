"""The ledger: every claim of a study of claims, with its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.report.runs.markdown_tables import section
from crosslift.report.sections import Section
from crosslift.report.study import claims, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study

ORDER = 10
TEMPLATE = """\
<h2>{{ ledger.title }}</h2>
{{ table(ledger, kind="ledger") }}
<dl class="facts">
{% for name, words in meaning.items() if study.hypotheses(name) %}
<div><dt>{{ verdict(name) }}</dt><dd>{{ words }}</dd></div>
{% endfor %}
</dl>
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield the section, if the study is a ledger of claims."""
    if study.is_ledger:
        content = {"study": study, "ledger": claims.ledger(study), "meaning": sentences.MEANING}
        yield Section("ledger", "Ledger", content)


def markdown(study: Study) -> Iterator[str]:
    """Yield the table, if the study is a ledger of claims."""
    if study.is_ledger:
        yield section(claims.ledger(study))
