"""The HTML page about runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crosslift.report.charts import figures, maps
from crosslift.report.charts.colours import Style
from crosslift.report.charts.gains import At, Gain, against_cost, against_distance
from crosslift.report.charts.html import Tile, flat, page
from crosslift.report.runs import language_pairs, sentences, stages, tables
from crosslift.report.runs.differences import TARGETS
from crosslift.runs import embedding_map
from crosslift.tables import format as fmt
from crosslift.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.charts.figures import Figure
    from crosslift.report.runs.view import Report, ScoredSystem, View

MAXIMUM_MAPS = 4
"""Systems whose map is drawn: a map takes seconds to lay out and a tenth of a megabyte."""


@dataclass(frozen=True, slots=True)
class Section:
    """One task and metric."""

    anchor: str
    view: View
    results: Table
    findings: list[str]
    heat: Table
    gap: Figure | None
    distance: Figure | None
    cost: Figure | None
    languages: Table
    selection: Table | None
    pairs: list[Table]
    agreement: Table | None


def render(report: Report) -> str:
    """Return the page."""
    return page("report.html.j2", _content(report))


def _content(report: Report) -> dict[str, Any]:
    return {
        "what": "report",
        "report": report,
        "title": sentences.title(report),
        "summary": sentences.summary(report),
        "numbers": _tiles(report),
        "sections": [_section(report, view, place) for place, view in enumerate(report.views)],
        "curves": figures.learning_curves(report),
        "maps": list(_maps(report)),
        "cost": stages.cost(report),
        "probes": stages.probes(report),
        "limitations": sentences.limitations(report),
        "warnings": report.warnings,
        "facts": [_facts(system) for system in report.systems],
        "hues": {system.name: figures.system_hue(report, system) for system in report.systems},
    }


def _section(report: Report, view: View, place: int) -> Section:
    gains = [_gain(report, system, view) for system in report.others]
    return Section(
        anchor=f"results-{place}",
        view=view,
        results=tables.results(report, view),
        findings=sentences.findings(report, view),
        heat=tables.heat_map(report, view),
        gap=figures.transfer_gap(report, view),
        distance=against_distance(gains, report.baseline.name),
        cost=against_cost(gains, _gain(report, report.baseline, view), view.task) if place == 0 else None,
        languages=tables.languages(report, view),
        selection=tables.selection(report, view),
        pairs=language_pairs.pairs(report, view),
        agreement=language_pairs.agreement(report, view),
    )


def _gain(report: Report, system: ScoredSystem, view: View) -> Gain:
    rows = ((code, report.against(system, view, code)) for code in view.targets)
    languages = [
        At(report.language(code), report.distance(code), report.baseline.score(view, code).mean, row)
        for code, row in rows
        if row
    ]
    style = Style(figures.system_hue(report, system))
    return Gain(system.name, style, languages, report.against(system, view, TARGETS), stages.seconds(system))


def _tiles(report: Report) -> list[Tile]:
    if not report.views:
        return []
    view, best = report.views[0], best_system(report)
    names = {
        "target_mean": "Target mean",
        "source_value": f"{report.language(view.source) if view.source else 'Source'} (source)",
        "transfer_gap": "Transfer gap",
        "target_min": "Worst target",
    }
    return [_tile(report, best, view, field, name) for field, name in names.items() if best.summaries(view)]


def _tile(report: Report, system: ScoredSystem, view: View, field: str, name: str) -> Tile:
    value, before = system.summary(view, field), report.baseline.summary(view, field).mean
    if system is report.baseline:
        return Tile(name, fmt.score(value.mean))
    return Tile(name, fmt.score(value.mean), f"{fmt.score(before)} in {report.baseline.name}")


def best_system(report: Report) -> ScoredSystem:
    """Return the system with the highest target mean in the first view; in a tie, the first."""
    means = {system.name: system.summary(report.views[0], "target_mean").mean for system in report.systems}
    return max(report.systems, key=lambda s: means[s.name] if math.isfinite(means[s.name]) else -math.inf)


def _maps(report: Report) -> Iterator[Figure]:
    source = report.views[0].source if report.views else None
    saved = [(s, path) for s in report.systems for path in [r.embeddings for r in s.runs if r.embeddings][:1]]
    for system, path in saved[:MAXIMUM_MAPS]:
        layout = embedding_map.layout(embedding_map.load(path))
        if layout:
            yield maps.embedding_map(system.name, layout, language=report.language, source=source)


def _facts(system: ScoredSystem) -> dict[str, Any]:
    """Return what is needed to reproduce a system: its recipe, its seeds, and its environment."""
    first = system.runs[0]
    command = first.environment.get("command", "")
    environment = {key: value for key, value in first.environment.items() if key != "command"}
    return {
        "name": system.name,
        "recipe": first.recipe,
        "lines": {
            "seeds": ", ".join(map(str, system.seeds)),
            "made by": command if isinstance(command, str) else " ".join(map(str, command)),
            "run again": "crosslift run recipe.toml",
            **dict(flat(environment)),
        },
    }
