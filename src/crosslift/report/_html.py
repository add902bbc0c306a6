"""One self-contained HTML page: every style, script and number is in the file, and it loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plotly
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from crosslift._version import __version__
from crosslift.report import _embeddings, _figures, _format, _pairs, _table, _words
from crosslift.report._colour import PAPER, shade

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crosslift.report._figures import Figure
    from crosslift.report._systems import Report, System, View

TEMPLATES = Path(__file__).parent / "templates"
MAXIMUM_MAPS = 4
"""Systems whose map is drawn; a map takes seconds to lay out and a tenth of a megabyte."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A number worth a large font: its name, its value, what it was in the baseline."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Section:
    """Everything about one task and metric."""

    anchor: str
    view: View
    results: _table.Table
    heat: _table.Table
    gap: Figure | None
    languages: _table.Table
    selection: _table.Table | None
    pairs: list[_table.Table]
    agreement: _table.Table | None


def render(report: Report) -> str:
    """Return the page."""
    scripts = {"plotly": str(get_plotlyjs()), "page": (TEMPLATES / "report.js").read_text(encoding="utf-8")}
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            **_content(report),
            style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
            scripts={name: Markup(text) for name, text in scripts.items()},
            policy=_policy(scripts),
            paper=PAPER,
            version=__version__,
            plotly_version=plotly.__version__,
        )
    )


def _content(report: Report) -> dict[str, Any]:
    return {
        "report": report,
        "title": _words.title(report),
        "summary": _words.summary(report),
        "tiles": _tiles(report),
        "sections": [_section(report, view, place) for place, view in enumerate(report.views)],
        "curves": _figures.learning_curves(report),
        "maps": list(_maps(report)),
        "cost": _table.cost(report),
        "probes": _table.probes(report),
        "limitations": _words.limitations(report),
        "warnings": report.warnings,
        "facts": [_facts(system) for system in report.systems],
        "hues": {system.name: _figures.system_hue(report, system) for system in report.systems},
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(figure_json=figure_json, shade=shade, isfinite=_isfinite)
    environment.filters.update(words=_format.words, score=_format.score, plural=_format.plural)
    return environment


def _isfinite(value: float | str) -> bool:
    return isinstance(value, (float, int)) and math.isfinite(value)


def _policy(scripts: Mapping[str, str]) -> str:
    """Return a content security policy: no connection at all, and no script but those of this page."""
    hashes = " ".join(f"'sha256-{_digest(text)}'" for text in scripts.values())
    nothing = "default-src 'none'; form-action 'none'; base-uri 'none'"
    return f"{nothing}; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:"


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def figure_json(figure: Figure) -> Markup:
    """Return a figure as JSON that can stand inside a script element, whatever texts it holds."""
    text = json.dumps(json.loads(figure.figure.to_json()), separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _section(report: Report, view: View, place: int) -> Section:
    return Section(
        anchor=f"results-{place}",
        view=view,
        results=_table.results(report, view),
        heat=_table.heat_map(report, view),
        gap=_figures.transfer_gap(report, view),
        languages=_table.languages(report, view),
        selection=_table.selection(report, view),
        pairs=_pairs.pairs(report, view),
        agreement=_pairs.agreement(report, view),
    )


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


def _tile(report: Report, system: System, view: View, field: str, name: str) -> Tile:
    value, before = system.summary(view, field), report.baseline.summary(view, field).mean
    if system is report.baseline:
        return Tile(name, _format.score(value.mean), "")
    return Tile(name, _format.score(value.mean), f"{_format.score(before)} in {report.baseline.name}")


def best_system(report: Report) -> System:
    """Return the system with the highest target mean in the first view; the first of them in a tie."""
    means = {system.name: system.summary(report.views[0], "target_mean").mean for system in report.systems}
    return max(report.systems, key=lambda s: means[s.name] if math.isfinite(means[s.name]) else -math.inf)


def _maps(report: Report) -> Iterator[Figure]:
    source = report.views[0].source if report.views else None
    kept = [(s, path) for s in report.systems for path in [r.embeddings for r in s.runs if r.embeddings][:1]]
    for system, path in kept[:MAXIMUM_MAPS]:
        drawn = _embeddings.layout(_embeddings.load(path))
        if drawn:
            yield _figures.embedding_map(report, system, drawn, source=source)


def _facts(system: System) -> dict[str, Any]:
    """Return what it takes to make a system again: its recipe, its seeds, and where it ran."""
    first = system.runs[0]
    command = first.environment.get("command", "")
    return {
        "name": system.name,
        "seeds": ", ".join(str(run.results.seed) for run in system.runs),
        "command": command if isinstance(command, str) else " ".join(map(str, command)),
        "recipe": first.recipe,
        "environment": dict(_flat({key: value for key, value in first.environment.items() if key != "command"})),
    }


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, prefix=f"{prefix}{key} ")
        else:
            yield f"{prefix}{key}", str(value)
