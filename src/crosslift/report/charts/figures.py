"""Plotly figures.  The page sets paper, ink and grid, since it knows whether it is light or dark."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from crosslift.report.charts.colours import hue
from crosslift.tables import format as fmt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosslift.report.runs.view import Report, ScoredSystem, View
    from crosslift.runs.schema import LogLine

MAXIMUM_STEPS = 240
SOLID = {"opacity": 1, "line": {"width": 0}}
"""Overrides plotly's look of markers that differ in size: transparent and outlined."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A plotly figure with a title, and a description for readers who cannot see it."""

    title: str
    description: str
    figure: go.Figure
    note: str = ""

    @property
    def picks(self) -> list[tuple[str, None]]:
        """The names under `meta.pick` of its traces, one of which a reader can choose."""
        return [(trace.meta["pick"], None) for trace in self.figure.data if trace.meta and "pick" in trace.meta]


def system_hue(report: Report, system: ScoredSystem) -> str:
    """Return the colour of a system: grey for a baseline, a hue for any other."""
    return hue(report.systems.index(system) if report.others else 1)


def plain(text: str) -> str:
    """Escape a text for plotly, whose labels may contain some HTML."""
    return html.escape(text, quote=False)


def canvas(traces: Sequence[Any], *, height: int, **layout: Any) -> go.Figure:
    """Return a figure without paper, legend or tools; the page adds them."""
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


@dataclass(frozen=True, slots=True)
class GapRow:
    """One row of a transfer gap: a system's score in the source, its target mean, and its score in each target."""

    name: str
    colour: str
    source: float
    mean: float
    gap: float
    targets: Sequence[tuple[str, float]]

    @property
    def words(self) -> str:
        """The row as text."""
        source, mean, gap = map(fmt.score, (self.source, self.mean, self.gap))
        return f"{self.name}: source {source}, target mean {mean}, gap {gap}"


def transfer_gap(report: Report, view: View) -> Figure | None:
    """Draw the source, the targets and the gap between source and target mean of every system."""
    rows = [_row_of(report, system, view) for system in report.systems]
    return gap_figure(rows, view.metric)


def _row_of(report: Report, system: ScoredSystem, view: View) -> GapRow:
    targets = [(report.language(code), system.score(view, code).mean) for code in view.targets]
    source, mean, gap = (system.summary(view, f).mean for f in ("source_value", "target_mean", "transfer_gap"))
    return GapRow(system.name, system_hue(report, system), source, mean, gap, targets)


def gap_figure(rows: Sequence[GapRow], metric: str) -> Figure | None:
    """Draw the rows that have a gap; None if none has."""
    drawn = [row for row in rows if math.isfinite(row.gap)]
    if not drawn:
        return None
    figure = canvas(
        [trace for place, row in enumerate(drawn) for trace in _gap_row(row, -place)],
        height=(76 if len(drawn) < 6 else 56) * len(drawn) + 56,
        annotations=[_gap_note(row, -place) for place, row in enumerate(drawn)],
        xaxis={"title": {"text": plain(f"{fmt.words(metric)}, percent"), "standoff": 8}, "automargin": True},
        yaxis={"visible": False, "range": [0.4 - len(drawn), 0.75], "fixedrange": True},
        margin={"l": 12, "r": 20, "t": 8, "b": 44},
    )
    return Figure("Transfer gap", f"Transfer gap by system. {'; '.join(row.words for row in drawn)}.", figure)


def _gap_row(row: GapRow, y: int) -> list[go.Scatter]:
    return [
        go.Scatter(
            x=[row.mean, row.source], y=[y, y], mode="lines", line={"color": row.colour, "width": 2}, hoverinfo="skip"
        ),
        go.Scatter(
            x=[value for _, value in row.targets],
            y=[y] * len(row.targets),
            mode="markers",
            marker={"color": row.colour, "size": 9, "opacity": 0.45},
            hovertext=[plain(f"{name}: {fmt.score(value)}") for name, value in row.targets],
            hoverinfo="text",
        ),
        go.Scatter(
            x=[row.mean, row.source],
            y=[y, y],
            mode="markers",
            marker={"color": row.colour, "size": [15, 14], "symbol": ["circle", "diamond"], **SOLID},
            hovertext=[plain(f"target mean: {fmt.score(row.mean)}"), plain(f"source: {fmt.score(row.source)}")],
            hoverinfo="text",
        ),
    ]


def _gap_note(row: GapRow, y: int) -> dict[str, Any]:
    return {
        "x": 0,
        "xref": "paper",
        "y": y + 0.42,
        "text": f"<b>{plain(fmt.clipped(row.name, 34))}</b>   gap {fmt.score(row.gap)}",
        "showarrow": False,
        "xanchor": "left",
    }


def learning_curves(report: Report) -> list[Figure]:
    """Draw every loss term of every stage, and the source development scores, over steps; one line per run."""
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
                name = f"{fmt.clipped(system.name, 40)}, seed {run.results.seed}"
                traces.append(line(name, steps, values, system_hue(report, system)))
                ends.append((values[0], values[-1]))
    if not traces:
        return None
    before, after = (fmt.number(float(np.mean(end))) for end in zip(*ends, strict=True))
    what = f"source dev {fmt.words(name)}" if kind == "dev" else f"loss, {fmt.words(name)}"
    return curve_panel(
        f"{stage}: {what}",
        f"{stage}, {what}: {before} at the first logged step, {after} at the last (mean over runs).",
        traces,
    )


def _series(
    log: Sequence[LogLine], stage: str, kind: str, name: str
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return steps and values; neighbours are averaged if there are more than `MAXIMUM_STEPS`."""
    own = [line for line in log if line.stage == stage and name in getattr(line, kind)]
    pairs = np.array([(line.step, getattr(line, kind)[name]) for line in own], dtype=np.float64).reshape(-1, 2)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    bins = np.array_split(pairs, min(len(pairs), MAXIMUM_STEPS)) if len(pairs) else []
    means = np.array([part.mean(axis=0) for part in bins]).reshape(-1, 2)
    return means[:, 0], means[:, 1]


def line(name: str, steps: Any, values: Any, colour: str, *, dash: str = "solid") -> go.Scatter:
    """Return one curve of a panel, (steps,) against (values,)."""
    return go.Scatter(
        x=steps,
        y=values,
        mode="lines" if len(steps) > 1 else "markers",
        line={"color": colour, "width": 1.6, "dash": dash},
        opacity=0.85,
        name=plain(name),
        hovertemplate="%{fullData.name}<br>step %{x:,.0f}: %{y:.4~g}<extra></extra>",
    )


def curve_panel(title: str, description: str, traces: Sequence[go.Scatter]) -> Figure:
    """Return a panel of curves over steps."""
    axis = {"title": {"text": "step", "standoff": 6}, "rangemode": "tozero"}
    return Figure(title, description, canvas(traces, height=240, xaxis=axis))
