"""Figures of the gains over the baseline: against the distance of languages, and against the cost of a run."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
from scipy.stats import rankdata

from crosslift.report.charts.figures import Figure, canvas, plain
from crosslift.tables import format as fmt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosslift.report.charts.colours import Style
    from crosslift.report.runs.differences import Compared

ZERO = {"type": "line", "line": {"color": "rgba(128,134,140,0.7)", "width": 1, "dash": "dot"}}
_NO_GAIN = {**ZERO, "y0": 0, "y1": 0, "x0": 0, "x1": 1, "xref": "paper"}
_UNKNOWN = (
    "Distances are not known here: languages are placed at the baseline's score instead. Where that is high by chance, "
    "the gain is low by the same amount, so points fall to the right even if all languages gain equally."
)
FEWEST = 3
"""Languages below which no figure against distance is drawn."""


@dataclass(frozen=True, slots=True)
class At:
    """The gain in one language: name, distance from the source, the baseline's score, and the comparison."""

    language: str
    distance: float
    baseline: float
    row: Compared


@dataclass(frozen=True, slots=True)
class Gain:
    """The gains of a system over the baseline, by language and in target mean, and the seconds of a run."""

    name: str
    style: Style
    languages: Sequence[At] = ()
    mean: Compared | None = None
    seconds: float = math.nan

    @property
    def has_cost(self) -> bool:
        """Whether both the cost and the gain are known."""
        return self.mean is not None and math.isfinite(self.mean.effect + self.seconds)


def against_distance(gains: Sequence[Gain], baseline: str) -> Figure | None:
    """Draw each system's gain in a language against the language's distance from the source.

    If fewer than three distances are known, languages are placed at the baseline's score, and a note says so.  None
    if there are too few languages.
    """
    known = any(sum(math.isfinite(at.distance) for at in gain.languages) >= FEWEST for gain in gains)
    drawn = [(gain, _points(gain, known=known)) for gain in gains]
    drawn = [(gain, points) for gain, points in drawn if len(points) >= FEWEST]
    if not drawn:
        return None
    axis = "distance from the source, 0 to 1" if known else f"{baseline}: score in the language, percent"
    figure = canvas(
        [_by_language(gain, points, bars_shown=len(drawn) == 1) for gain, points in drawn],
        height=400,
        shapes=[_NO_GAIN],
        xaxis={"title": {"text": plain(axis), "standoff": 8}, "automargin": True, "zeroline": False},
        yaxis={"title": {"text": "gain over the baseline, points"}, "automargin": True, "zeroline": False},
    )
    title = "Gain against language distance" if known else "Gain against the baseline's score in a language"
    hollow = "Hollow: a control. " if any("open" in gain.style.symbol for gain, _ in drawn) else ""
    note = hollow + (_correlations(drawn) if known else _UNKNOWN)
    return Figure(title, f"Gain of each system in each language against {axis}. {note}", figure, note)


def _correlations(drawn: Sequence[tuple[Gain, Sequence[tuple[float, At]]]]) -> str:
    found = "; ".join(f"{gain.name} {fmt.ratio(_relation(points))}" for gain, points in drawn)
    return f"Rank correlation over languages: {found}."


def _points(gain: Gain, *, known: bool) -> list[tuple[float, At]]:
    places = ((at.distance if known else at.baseline, at) for at in gain.languages)
    return [(place, at) for place, at in places if math.isfinite(place)]


def _relation(points: Sequence[tuple[float, At]]) -> float:
    """Return Spearman's rank correlation of place and gain; NaN if all of either are the same."""
    places = rankdata([place for place, _ in points]).tolist()
    effects = rankdata([at.row.effect for _, at in points]).tolist()
    varies = len(set(places)) > 1 and len(set(effects)) > 1
    return statistics.correlation(places, effects) if varies else math.nan


def _by_language(gain: Gain, points: Sequence[tuple[float, At]], *, bars_shown: bool) -> go.Scatter:
    """Return the points of a system; of several systems, only the one that a reader chooses has intervals."""
    rows = [at.row for _, at in points]
    return go.Scatter(
        x=[place for place, _ in points],
        y=[row.effect for row in rows],
        mode="markers",
        name=plain(gain.name),
        marker=_marker(gain.style, size=10),
        error_y=bars([(row.effect, *row.interval) for row in rows], gain.style.colour) | {"visible": bars_shown},
        hovertext=[
            plain(f"{gain.name} in {at.language}: {fmt.effect(at.row.effect, *at.row.interval)}") for _, at in points
        ],
        hoverinfo="text",
        meta={"pick": gain.name},
    )


def against_cost(gains: Sequence[Gain], baseline: Gain, task: str) -> Figure | None:
    """Draw the seconds of a run against the gain in target mean, with 95% intervals; None if neither is known."""
    drawn = [gain for gain in gains if gain.has_cost]
    if not drawn:
        return None
    longest = max(gain.seconds for gain in (*drawn, baseline) if math.isfinite(gain.seconds))
    base = [_mark(baseline, 0.0)] if math.isfinite(baseline.seconds) else []
    figure = canvas(
        [*base, *(_with_bar(gain) for gain in drawn)],
        height=400,
        shapes=[_NO_GAIN],
        xaxis={"title": {"text": "seconds of a run", "standoff": 8}, "range": [0, longest * 1.25], "automargin": True},
        yaxis={"title": {"text": "gain in target mean, points"}, "automargin": True, "zeroline": False},
        margin={"l": 44, "r": 24, "t": 24, "b": 40},
    )
    listed = "; ".join(_cost_and_gain(gain) for gain in drawn)
    description = f"Seconds of a run against gain in target mean of {task}. {listed}."
    return Figure("Cost against gain", description, figure, "Up and left is better. Bars are 95% intervals.")


def _cost_and_gain(gain: Gain) -> str:
    change = f", {fmt.effect(gain.mean.effect, *gain.mean.interval)}" if gain.mean else ""
    return f"{gain.name}: {fmt.seconds(gain.seconds)}{change}"


def _with_bar(gain: Gain) -> go.Scatter:
    assert gain.mean is not None
    trace = _mark(gain, gain.mean.effect)
    if all(map(math.isfinite, gain.mean.interval)):
        trace.error_y = bars([(gain.mean.effect, *gain.mean.interval)], gain.style.colour)
    return trace


def _mark(gain: Gain, effect: float) -> go.Scatter:
    return go.Scatter(
        x=[gain.seconds],
        y=[effect],
        mode="markers+text",
        text=[plain(f"  {fmt.clipped(gain.name, 20)}")],
        textposition="middle right",
        textfont={"size": 11},
        cliponaxis=False,
        marker=_marker(gain.style, size=11),
        hovertext=[plain(_cost_and_gain(gain))],
        hoverinfo="text",
    )


def _marker(style: Style, *, size: int) -> dict[str, Any]:
    return {
        "color": style.colour,
        "symbol": style.symbol,
        "size": size,
        "line": {"width": 1.5, "color": style.colour},
    }


def bars(rows: Sequence[tuple[float, float, float]], colour: str) -> dict[str, Any]:
    """Return error bars of (value, low, high)."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, _, high in rows],
        "arrayminus": [value - low for value, low, _ in rows],
        "color": colour,
        "thickness": 1.6,
        "width": 4,
    }
