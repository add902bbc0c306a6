"""Plotly figures.  Paper, ink and grid are left to the page, which knows whether it is light or dark."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from crosslift.report import _format
from crosslift.report._colour import HUES, hue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosslift.report._embeddings import Map
    from crosslift.report._systems import Report, System, View
    from crosslift.runs import LogLine

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star")
MUTED = "rgba(128,134,140,0.35)"
MAXIMUM_STEPS = 240
SHOWN_MEANINGS = 7
SOLID = {"opacity": 1, "line": {"width": 0}}
"""Against plotly's own look of markers that differ in size: see-through and outlined."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A plotly figure with a title and a description for readers who do not see it."""

    title: str
    description: str
    figure: go.Figure
    note: str = ""


def system_hue(report: Report, system: System) -> str:
    """Return a system's colour: grey for a baseline, a hue for the others."""
    return hue(report.systems.index(system) if report.others else 1)


def plain(text: str) -> str:
    """Escape a text for plotly, whose labels understand a little HTML."""
    return html.escape(text, quote=False)


def _figure(traces: Sequence[Any], *, height: int, **layout: Any) -> go.Figure:
    base = {
        "template": "none",
        "height": height,
        "margin": {"l": 44, "r": 12, "t": 12, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": False,
    }
    return go.Figure(data=list(traces), layout=base | layout)


def transfer_gap(report: Report, view: View) -> Figure | None:
    """Draw, for every system, the source, the targets and the gap between source and target mean."""
    systems = [s for s in report.systems if math.isfinite(s.summary(view, "transfer_gap").mean)]
    if not systems:
        return None
    traces = [trace for row, system in enumerate(systems) for trace in _gap_row(report, view, system, -row)]
    description = "; ".join(
        f"{s.name}: source {_stat(s, view, 'source_value')}, target mean {_stat(s, view, 'target_mean')}, "
        f"gap {_stat(s, view, 'transfer_gap')}"
        for s in systems
    )
    figure = _figure(
        traces,
        height=76 * len(systems) + 56,
        annotations=[note for row, system in enumerate(systems) for note in _gap_notes(view, system, -row)],
        xaxis={
            "title": {"text": plain(f"{_format.words(view.metric)}, percent"), "standoff": 8},
            "automargin": True,
        },
        yaxis={"visible": False, "range": [0.4 - len(systems), 0.75], "fixedrange": True},
        margin={"l": 12, "r": 20, "t": 8, "b": 44},
    )
    return Figure("Transfer gap", f"Transfer gap by system. {description}.", figure)


def _stat(system: System, view: View, field: str) -> str:
    return _format.score(system.summary(view, field).mean)


def _gap_row(report: Report, view: View, system: System, y: int) -> list[go.Scatter]:
    colour = system_hue(report, system)
    source, mean = (system.summary(view, field).mean for field in ("source_value", "target_mean"))
    targets = [(code, system.score(view, code).mean) for code in view.targets]
    return [
        go.Scatter(x=[mean, source], y=[y, y], mode="lines", line={"color": colour, "width": 2}, hoverinfo="skip"),
        go.Scatter(
            x=[value for _, value in targets],
            y=[y] * len(targets),
            mode="markers",
            marker={"color": colour, "size": 9, "opacity": 0.45},
            hovertext=[plain(f"{report.language(code)}: {_format.score(value)}") for code, value in targets],
            hoverinfo="text",
        ),
        go.Scatter(
            x=[mean, source],
            y=[y, y],
            mode="markers",
            marker={"color": colour, "size": [15, 14], "symbol": ["circle", "diamond"], **SOLID},
            hovertext=[
                plain(f"target mean: {_format.score(mean)}"),
                plain(f"source: {_format.score(source)}"),
            ],
            hoverinfo="text",
        ),
    ]


def _gap_notes(view: View, system: System, y: int) -> list[dict[str, Any]]:
    gap = system.summary(view, "transfer_gap").mean
    name = plain(_format.clipped(system.name, 34))
    return [
        {
            "x": 0,
            "xref": "paper",
            "y": y + 0.42,
            "text": f"<b>{name}</b>   gap {_format.score(gap)}",
            "showarrow": False,
            "xanchor": "left",
        }
    ]


def learning_curves(report: Report) -> list[Figure]:
    """Draw every term of every stage, and the source development scores, one line a run, over steps."""
    lines = [line for run in report.runs for line in run.log]
    panels = dict.fromkeys(
        (line.stage, kind, name) for line in lines for kind in ("terms", "dev") for name in getattr(line, kind)
    )
    order = report.stages
    curves = (_curve(report, *panel) for panel in sorted(panels, key=lambda panel: order.index(panel[0])))
    return [curve for curve in curves if curve]


def _curve(report: Report, stage: str, kind: str, name: str) -> Figure | None:
    traces, ends = [], []
    for system in report.systems:
        for run in system.runs:
            steps, values = _series(run.log, stage, kind, name)
            if len(steps):
                traces.append(_line(system, run.results.seed, steps, values, system_hue(report, system)))
                ends.append((values[0], values[-1]))
    if not traces:
        return None
    before, after = (_mean(end) for end in zip(*ends, strict=True))
    what = f"source dev {_format.words(name)}" if kind == "dev" else f"loss, {_format.words(name)}"
    return Figure(
        f"{stage}: {what}",
        f"{stage}, {what}: {before:.3g} at the first logged step, {after:.3g} at the last (mean over runs).",
        _figure(traces, height=240, xaxis={"title": {"text": "step", "standoff": 6}, "rangemode": "tozero"}),
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _series(
    log: Sequence[LogLine], stage: str, kind: str, name: str
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return steps and values, averaged over neighbours where there are more than fit on a screen."""
    own = [line for line in log if line.stage == stage and name in getattr(line, kind)]
    pairs = np.array([(line.step, getattr(line, kind)[name]) for line in own], dtype=np.float64).reshape(-1, 2)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    bins = np.array_split(pairs, min(len(pairs), MAXIMUM_STEPS)) if len(pairs) else []
    means = np.array([part.mean(axis=0) for part in bins]).reshape(-1, 2)
    return means[:, 0], means[:, 1]


def _line(
    system: System, seed: int, steps: np.ndarray[Any, Any], values: np.ndarray[Any, Any], colour: str
) -> go.Scatter:
    return go.Scatter(
        x=steps,
        y=values,
        mode="lines" if len(steps) > 1 else "markers",
        line={"color": colour, "width": 1.6},
        opacity=0.85,
        name=plain(f"{_format.clipped(system.name, 40)}, seed {seed}"),
        hovertemplate="%{fullData.name}<br>step %{x:,.0f}: %{y:.4~g}<extra></extra>",
    )


def embedding_map(report: Report, system: System, drawn: Map, *, source: str | None) -> Figure:
    """Draw one map; the page switches between layouts and colourings with the values under ``meta``."""
    points = drawn.points
    codes = list(dict.fromkeys([*([source] if source in points.languages else []), *points.languages.tolist()]))
    meanings = shown_meanings(points.ids)
    traces = [_language_trace(report, drawn, code, place, meanings) for place, code in enumerate(codes)]
    traces += [_meaning_trace(drawn, meaning, place, source) for place, meaning in enumerate(meanings)]
    span = {"visible": False, "range": [-1.08, 1.08]}
    figure = _figure(
        traces,
        height=440,
        xaxis=span,
        yaxis={**span, "scaleanchor": "x"},
        showlegend=True,
        legend={
            "orientation": "h",
            "y": -0.01,
            "yanchor": "top",
            "itemsizing": "constant",
            "font": {"size": 11},
        },
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
    )
    note = f"Silhouette by meaning {_format.ratio(drawn.by_meaning)}, by language {_format.ratio(drawn.by_language)}"
    if points.dropped:
        note += f"; {_format.plural(points.dropped, 'sentence')} without a finite vector left out"
    description = (
        f"Map of {len(points)} sentences in {_format.plural(len(codes), 'language')}, encoder of {system.name}. {note}."
    )
    return Figure(system.name, description, figure, note)


def shown_meanings(ids: np.ndarray[Any, Any]) -> list[str]:
    """Return the few meanings that get a colour: those in the most languages, spread evenly over the ids."""
    values, counts = np.unique(ids, return_counts=True)
    complete = values[counts == counts.max()]
    places = np.linspace(0, len(complete) - 1, min(SHOWN_MEANINGS, len(complete))).round().astype(int)
    return [str(value) for value in complete[np.unique(places)]]


def _language_trace(report: Report, drawn: Map, code: str, place: int, meanings: Sequence[str]) -> go.Scatter:
    chosen = drawn.points.languages == code
    ids, texts = drawn.points.ids[chosen], drawn.points.texts[chosen]
    name = report.language(code)
    layouts = {key: _rounded(layout[chosen]) for key, layout in (("tsne", drawn.tsne), ("pca", drawn.pca))}
    by_meaning = [hue(meanings.index(i) + 1) if i in meanings else MUTED for i in ids.tolist()]
    return go.Scatter(
        **layouts["tsne"],
        mode="markers",
        name=plain(_format.clipped(name, 24)),
        marker={
            "color": hue(place + 1),
            "size": 6,
            "symbol": SYMBOLS[place // len(HUES) % len(SYMBOLS)],
            "opacity": 0.8,
        },
        hovertext=[f"<b>{plain(name)}</b><br>{plain(_format.clipped(text, 90))}" for text in texts.tolist()],
        hoverinfo="text",
        meta={**layouts, "colour": {"language": hue(place + 1), "meaning": by_meaning}, "shows": "points"},
    )


def _meaning_trace(drawn: Map, meaning: str, place: int, source: str | None) -> go.Scatter:
    chosen = drawn.points.ids == meaning
    languages, texts = drawn.points.languages[chosen], drawn.points.texts[chosen]
    text = texts[languages == source][0] if source in languages else texts[0]
    layouts = {key: _star(layout[chosen]) for key, layout in (("tsne", drawn.tsne), ("pca", drawn.pca))}
    return go.Scatter(
        **layouts["tsne"],
        mode="lines",
        visible=False,
        name=plain(_format.clipped(str(text), 30)),
        line={"color": hue(place + 1), "width": 1.2},
        hoverinfo="skip",
        meta={**layouts, "shows": "meaning"},
    )


def _rounded(layout: np.ndarray[Any, Any]) -> dict[str, list[float]]:
    x, y = np.round(layout.astype(np.float64), 3).T.tolist()
    return {"x": x, "y": y}


def _star(layout: np.ndarray[Any, Any]) -> dict[str, list[float | None]]:
    """Return lines from the centre of some points to each of them, broken between the points."""
    centre = _rounded(layout.mean(axis=0, keepdims=True))
    ends = _rounded(layout)
    return {axis: [value for end in ends[axis] for value in (centre[axis][0], end, None)] for axis in ("x", "y")}
