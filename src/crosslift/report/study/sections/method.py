"""The method of a study: its setting, its arms, and the rule of each hypothesis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.io.markdown import bullets, escaped
from crosslift.report.runs.markdown_tables import section
from crosslift.report.sections import Section
from crosslift.report.study import claims, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study

ORDER = 30
TEMPLATE = """\
<h2>Method</h2>
{{ fact_list(setting) }}
{% if arms %}
<h3>{{ arms.title }}</h3>
{{ table(arms) }}
{% endif %}
<h3>Rules, stated before the results</h3>
<ul class="prose">
{% for one in hypotheses %}
<li><strong>{{ one.name }}</strong>: {{ one.statement }}. <span class="rule">{{ one.rule }}</span></li>
{% endfor %}
</ul>
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield the section."""
    found = study.result
    arms = tables.arms(study) if found.arms else None
    content = {"setting": _setting(study), "arms": arms, "hypotheses": found.hypotheses}
    yield Section("method", "Method" if arms else "", content)


def markdown(study: Study) -> Iterator[str]:
    """Yield setting, arms, verdicts and rules."""
    found = study.result
    yield "## Method"
    yield escaped(found.about)
    if found.arms:
        yield section(tables.arms(study))
    if not study.is_ledger:
        yield section(claims.ledger(study))
    rules = [f"{one.name}: {one.statement}. Rule: {one.rule}" for one in found.hypotheses]
    yield from bullets("Rules, stated before the results", rules)


def _setting(study: Study) -> dict[str, str]:
    found = study.result
    source = study.language(found.source) if found.source else ""
    names = dict.fromkeys(map(study.language, found.languages))  # benchmarks may use different codes for one language
    return {
        "scale": found.scale,
        "setting": found.about,
        "seeds": ", ".join(map(str, found.seeds)),
        "tasks": ", ".join(found.tasks),
        "source": source,
        "languages": ", ".join(name for name in names if name != source),
        "baseline": found.baseline if found.arms else "",
        "test": found.test,
    }
