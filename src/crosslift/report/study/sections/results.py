"""Results of a task and metric in a study: arms, languages, and pairs of languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crosslift.io.markdown import escaped
from crosslift.report.runs.markdown_tables import section
from crosslift.report.sections import Section
from crosslift.report.study import tables
from crosslift.tables import format as fmt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.runs.view import View
    from crosslift.report.study.view import Study

ORDER = 50
TEMPLATE = """\
<h2>{{ view.task }} <span>{{ view.metric|words }}{% if view.source %}, zero-shot from {{ study.language(view.source) }}{% endif %}</span></h2>
{{ table(results) }}
{{ heat_map(heat) }}
{{ gap_figure(gap, anchor ~ "-gap") }}
{% if languages %}
<h3>{{ languages.title }}</h3>
{{ table(languages) }}
{% endif %}
{% if distance %}
{{ figure(distance, anchor ~ "-distance", heading="h3", picks="Arm") }}
{{ legend(hues, "Colours of the arms") }}
{% endif %}
{% if cost %}
{{ figure(cost, anchor ~ "-cost", heading="h3") }}
{% endif %}
{% if pairs %}
<h3>{{ pairs.title }}</h3>
{{ table(pairs) }}
{% endif %}
{% if grids %}
<h3>Pairs of languages</h3>
{{ pick(anchor ~ "-grids", grids, noun="Arm") }}
{% for arm, grid in grids %}
<div data-pick="{{ arm }}" class="{{ anchor }}-grids">
<p class="picked">{{ grid.title }}</p>
{{ table(grid, kind="heat") }}
</div>
{% endfor %}
{{ scale(grids[0][1]) }}
{% endif %}
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield a section per task and metric; only a task's first metric has figures."""
    for place, view in enumerate(study.views):
        metric = f", {fmt.words(view.metric)}" if len(study.views) > 1 else ""
        anchor = f"results-{place}"
        yield Section(
            anchor, f"{view.task}{metric}", {"anchor": anchor, "study": study, **_content(study, view, place)}
        )


def markdown(study: Study) -> Iterator[str]:
    """Yield heading and tables of each task and metric."""
    for view in study.views:
        yield f"## {escaped(f'{view.task}, {view.metric}')}"
        found = [tables.results(study, view), tables.heat_map(study, view), tables.pairs(study, view)]
        found += [tables.languages(study, view) if _compared(study, view) else None]
        yield from (section(table) for table in found if table)
        yield from (section(table) for _, table in tables.grids(study, view))


def _content(study: Study, view: View, place: int) -> dict[str, Any]:
    from crosslift.report.study import figures

    main = study.is_main(view)
    return {
        "view": view,
        "results": tables.results(study, view),
        "heat": tables.heat_map(study, view),
        "languages": tables.languages(study, view) if _compared(study, view) else None,
        "gap": figures.transfer_gap(study, view) if main else None,
        "distance": figures.distance(study, view) if main else None,
        "cost": figures.cost(study, view) if main and place == 0 else None,
        "pairs": tables.pairs(study, view),
        "grids": tables.grids(study, view),
    }


def _compared(study: Study, view: View) -> bool:
    return any(study.gains(arm.name, view) for arm in study.others)
