"""The HTML page about runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from crosslift.report.charts import figures
from crosslift.report.charts.html import Tile, page
from crosslift.report.runs import sections, sentences
from crosslift.tables import format as fmt

if TYPE_CHECKING:
    from crosslift.report.runs.view import Report, ScoredSystem, View


def render(report: Report) -> str:
    """Return the page."""
    return page("report.html.j2", sections, report, _content(report))


def _content(report: Report) -> dict[str, Any]:
    return {
        "what": "report",
        "report": report,
        "title": sentences.title(report),
        "summary": sentences.summary(report),
        "numbers": _tiles(report),
        "warnings": report.warnings,
        "hues": {system.name: figures.system_hue(report, system) for system in report.systems},
    }


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
