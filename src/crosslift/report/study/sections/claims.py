"""Every hypothesis of a study with its verdict, and the comparisons made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crosslift.report.sections import Section
from crosslift.report.study import claims, sentences
from crosslift.report.study.view import MANY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study
    from crosslift.studies.result import Judged

ORDER = 100
TEMPLATE = """\
<h2>Claims</h2>
{% if not study.is_ledger %}
{{ table(ledger, kind="ledger") }}
<dl class="facts">
{% for name, words in meaning.items() if study.hypotheses(name) %}
<div><dt>{{ verdict(name) }}</dt><dd>{{ words }}</dd></div>
{% endfor %}
</dl>
{% endif %}
{% if verdicts %}
{{ figure(verdicts, "verdicts", heading="h3") }}
{% endif %}
{% for claim in claims %}
<details class="claim"{% if open %} open{% endif %}>
<summary>{{ claim.judged.name }} {{ verdict(claim.judged.verdict) }} <span>{{ claim.judged.statement }}</span></summary>
{{ fact_list({"effect": claim.effect if claim.judged.seeds or claim.findings.rows else "", "seeds": claim.judged.seeds, "rule": claim.judged.rule, "why": claim.judged.reason, "test": claim.judged.test, "source": claim.judged.source, "published": claim.published}) }}
{% if claim.findings.rows %}
{{ table(claim.findings) }}
{% endif %}
</details>
{% endfor %}
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield the section."""
    from crosslift.report.study import figures

    hypotheses = study.result.hypotheses
    content = {
        "study": study,
        "ledger": claims.ledger(study),
        "meaning": sentences.MEANING,
        "verdicts": figures.verdicts(study),
        "claims": [_claim(one) for one in hypotheses],
        "open": len(hypotheses) <= MANY,
    }
    yield Section("claims", "Claims", content)


def _claim(one: Judged) -> dict[str, Any]:
    return {
        "judged": one,
        "effect": claims.effect_cell(one).text("effect"),
        "published": sentences.published(one),
        "findings": claims.findings(one),
    }
