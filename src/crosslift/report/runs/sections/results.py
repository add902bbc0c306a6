"""Results of a task and metric: systems, languages, selection rules, pairs of languages, agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crosslift.io.markdown import escaped
from crosslift.report.runs import language_pairs, sentences, stages, tables
from crosslift.report.runs.differences import TARGETS
from crosslift.report.runs.markdown_tables import section
from crosslift.report.sections import Section
from crosslift.tables import format as fmt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.charts.gains import Gain
    from crosslift.report.runs.view import Report, ScoredSystem, View


ORDER = 10
TEMPLATE = """\
<h2>{{ view.task }} <span>{{ view.metric|words }}{% if view.source %}, zero-shot from {{ report.language(view.source) }}{% endif %}</span></h2>
{{ table(results) }}
{% for finding in findings %}
<p{% if loop.last %} class="caption"{% endif %}>{{ finding }}</p>
{% endfor %}
{{ heat_map(heat) }}
{{ gap_figure(gap, anchor ~ "-gap") }}
<h3>{{ languages.title }}</h3>
{{ table(languages) }}
{% if distance %}
{{ figure(distance, anchor ~ "-distance", heading="h3", picks="System") }}
{{ legend(hues, "Colours of the systems") }}
{% endif %}
{% if cost %}
{{ figure(cost, anchor ~ "-cost", heading="h3") }}
{% endif %}
{% if selection %}
<h3>{{ selection.title }}</h3>
{{ table(selection) }}
{% endif %}
{% for grid in pairs %}
{{ heat_map(grid) }}
{% endfor %}
{% if agreement %}
<h3>{{ agreement.title }}</h3>
{{ table(agreement) }}
{% endif %}
"""


def sections(report: Report) -> Iterator[Section]:
    """Yield a section per task and metric."""
    for place, view in enumerate(report.views):
        metric = f", {fmt.words(view.metric)}" if len(report.views) > 1 else ""
        anchor = f"results-{place}"
        yield Section(
            anchor, f"{view.task}{metric}", {"anchor": anchor, "report": report, **_content(report, view, place)}
        )


def markdown(report: Report) -> Iterator[str]:
    """Yield heading, results, findings and tables of each task and metric."""
    for view in report.views:
        yield f"## {escaped(f'{view.task}, {view.metric}')}"
        yield section(tables.results(report, view))
        yield from map(escaped, sentences.findings(report, view))
        others = (
            tables.languages(report, view),
            tables.selection(report, view),
            *language_pairs.pairs(report, view),
            language_pairs.agreement(report, view),
        )
        yield from (section(table) for table in others if table)


def _content(report: Report, view: View, place: int) -> dict[str, Any]:
    from crosslift.report.charts import figures
    from crosslift.report.charts.gains import against_cost, against_distance

    gains = [_gain(report, system, view) for system in report.others]
    return {
        "view": view,
        "results": tables.results(report, view),
        "findings": sentences.findings(report, view),
        "heat": tables.heat_map(report, view),
        "gap": figures.transfer_gap(report, view),
        "distance": against_distance(gains, report.baseline.name),
        "cost": against_cost(gains, _gain(report, report.baseline, view), view.task) if place == 0 else None,
        "languages": tables.languages(report, view),
        "selection": tables.selection(report, view),
        "pairs": language_pairs.pairs(report, view),
        "agreement": language_pairs.agreement(report, view),
    }


def _gain(report: Report, system: ScoredSystem, view: View) -> Gain:
    from crosslift.report.charts import figures
    from crosslift.report.charts.colours import Style
    from crosslift.report.charts.gains import At, Gain

    rows = ((code, report.against(system, view, code)) for code in view.targets)
    languages = [
        At(report.language(code), report.distance(code), report.baseline.score(view, code).mean, row)
        for code, row in rows
        if row
    ]
    style = Style(figures.system_hue(report, system))
    return Gain(system.name, style, languages, report.against(system, view, TARGETS), stages.seconds(system))
