"""Figures of embedding maps: two layouts and two ways to colour them in one figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from crosslift.report.charts.colours import HUES, hue
from crosslift.report.charts.figures import Figure, canvas, plain
from crosslift.tables import format as fmt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crosslift.runs.embedding_map import Map

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star")
MUTED = "rgba(128,134,140,0.35)"
SHOWN_MEANINGS = 7


def embedding_map(
    name: str, drawn: Map, *, language: Callable[[str], str], source: str | None, remark: str = ""
) -> Figure:
    """Draw one map; the page switches between layouts and colourings with the values under `meta`.

    Args:
        name: the system whose encoder it is.
        drawn: the points.
        language: returns the name of a language by its code.
        source: the source language, which gets the first colour.
        remark: added to the note.
    """
    points = drawn.points
    codes = list(dict.fromkeys([*([source] if source in points.languages else []), *points.languages.tolist()]))
    meanings = shown_meanings(points.ids)
    traces = [_language_trace(language(code), drawn, code, place, meanings) for place, code in enumerate(codes)]
    traces += [_meaning_trace(drawn, meaning, place, source) for place, meaning in enumerate(meanings)]
    span = {"visible": False, "range": [-1.08, 1.08]}
    figure = canvas(
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
    note = f"Silhouette by meaning {fmt.ratio(drawn.by_meaning)}, by language {fmt.ratio(drawn.by_language)}"
    if remark:
        note += f"; {remark}"
    if points.dropped:
        note += f"; {fmt.plural(points.dropped, 'sentence')} without a finite vector left out"
    description = f"Map of {len(points)} sentences in {fmt.plural(len(codes), 'language')}, encoder of {name}. {note}."
    return Figure(name, description, figure, note)


def shown_meanings(ids: np.ndarray[Any, Any]) -> list[str]:
    """Return the few meanings that get a colour: of those in most languages, some at even distances."""
    values, counts = np.unique(ids, return_counts=True)
    complete = values[counts == counts.max()]
    places = np.linspace(0, len(complete) - 1, min(SHOWN_MEANINGS, len(complete))).round().astype(int)
    return [str(value) for value in complete[np.unique(places)]]


def _language_trace(name: str, drawn: Map, code: str, place: int, meanings: Sequence[str]) -> go.Scatter:
    chosen = drawn.points.languages == code
    ids, texts = drawn.points.ids[chosen], drawn.points.texts[chosen]
    layouts = {key: _rounded(layout[chosen]) for key, layout in (("tsne", drawn.tsne), ("pca", drawn.pca))}
    by_meaning = [hue(meanings.index(i) + 1) if i in meanings else MUTED for i in ids.tolist()]
    return go.Scatter(
        **layouts["tsne"],
        mode="markers",
        name=plain(fmt.clipped(name, 24)),
        marker={
            "color": hue(place + 1),
            "size": 6,
            "symbol": SYMBOLS[place // len(HUES) % len(SYMBOLS)],
            "opacity": 0.8,
        },
        hovertext=[f"<b>{plain(name)}</b><br>{plain(fmt.clipped(text, 90))}" for text in texts.tolist()],
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
        name=plain(fmt.clipped(str(text), 30)),
        line={"color": hue(place + 1), "width": 1.2},
        hoverinfo="skip",
        meta={**layouts, "shows": "meaning"},
    )


def _rounded(layout: np.ndarray[Any, Any]) -> dict[str, list[float]]:
    x, y = np.round(layout.astype(np.float64), 3).T.tolist()
    return {"x": x, "y": y}


def _star(layout: np.ndarray[Any, Any]) -> dict[str, list[float | None]]:
    """Return lines from the centre of some points to each of them, with breaks between."""
    centre = _rounded(layout.mean(axis=0, keepdims=True))
    ends = _rounded(layout)
    return {axis: [value for end in ends[axis] for value in (centre[axis][0], end, None)] for axis in ("x", "y")}
