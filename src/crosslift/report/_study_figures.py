"""The figures of a study's page."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from scipy.stats import rankdata

from crosslift import embedding_layout
from crosslift.report import _format
from crosslift.report._colour import hue
from crosslift.report._compared import TARGETS
from crosslift.report._figures import Figure, Reach, canvas, curve_panel, gaps, line, plain
from crosslift.report._maps import embedding_map

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosslift.report._compared import Compared
    from crosslift.report._study import Study
    from crosslift.report._systems import View
    from crosslift.studies.result import ArmResult, Map

ZERO = {"type": "line", "line": {"color": "rgba(128,134,140,0.7)", "width": 1, "dash": "dot"}}
SIGNS = {"confirmed": "circle", "refuted": "x", "inconclusive": "circle-open", "recorded": "square"}
FEWEST_DISTANCES = 3
"""Languages below which nothing is drawn against distance."""


def transfer_gap(study: Study, view: View) -> Figure | None:
    """Draw the source, the targets and the gap between source and target mean of every arm."""
    return gaps([_reach(study, arm, view) for arm in study.arms_of(view)], view.metric)


def _reach(study: Study, arm: ArmResult, view: View) -> Reach:
    source, mean, gap = (
        study.score(arm.name, view, "summary", over).mean for over in ("source", TARGETS, "transfer gap")
    )
    targets = [(study.language(code), study.score(arm.name, view, "language", code).mean) for code in view.targets]
    return Reach(arm.name, study.styles[arm.name].colour, source, mean, gap, targets)


def verdicts(study: Study) -> Figure | None:
    """Draw the effect and interval of every hypothesis that has one, top to bottom."""
    drawn = [one for one in study.result.hypotheses if math.isfinite(one.effect) and math.isfinite(one.low + one.high)]
    if not drawn:
        return None
    words = [f"{one.name}, {one.verdict}: {_format.effect(one.effect, one.low, one.high)}" for one in drawn]
    places = [-place for place in range(len(drawn))]
    trace = go.Scatter(
        x=[one.effect for one in drawn],
        y=places,
        mode="markers",
        marker={
            "size": 11,
            "symbol": [SIGNS[one.verdict] for one in drawn],
            "color": hue(1),
            "line": {"width": 2, "color": hue(1)},
        },
        error_x=_bars([(one.effect, one.low, one.high) for one in drawn], hue(1)),
        hovertext=[plain(text) for text in words],
        hoverinfo="text",
    )
    names = [plain(_format.clipped(one.name, 16)) for one in drawn]
    figure = canvas(
        [trace],
        height=30 * len(drawn) + 70,
        shapes=[{**ZERO, "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper"}],
        xaxis={
            "title": {"text": "effect: points, or the unit of what was measured", "standoff": 8},
            "automargin": True,
        },
        yaxis={"tickvals": places, "ticktext": names, "showgrid": False, "zeroline": False, "automargin": True},
    )
    note = "Dot: confirmed. Ring: inconclusive. Cross: refuted. The line is the 95% interval; dotted: no difference."
    return Figure("Effects behind the verdicts", f"Effects with 95% intervals. {'; '.join(words)}.", figure, note)


def _bars(rows: Sequence[tuple[float, float, float]], colour: str) -> dict[str, Any]:
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


def distance(study: Study, view: View) -> Figure | None:
    """Draw each arm's gain in a language against the language's distance from the source.

    Where fewer than three distances are known, languages stand at the score that the baseline has in them.
    """
    known = sum(math.isfinite(study.distance(code)) for code in view.targets) >= FEWEST_DISTANCES
    places = {code: _place(study, view, code, known=known) for code in view.targets}
    places = {code: place for code, place in places.items() if math.isfinite(place)}
    drawn = [(arm, [(c, row) for c, row in study.gains(arm.name, view) if c in places]) for arm in study.others]
    drawn = [(arm, rows) for arm, rows in drawn if rows]
    if len(places) < FEWEST_DISTANCES or not drawn:
        return None
    what = "distance from the source, 0 to 1" if known else f"{study.result.baseline}: score in the language, percent"
    slopes = [_relation(arm, [(places[code], row.effect) for code, row in rows]) for arm, rows in drawn]
    figure = canvas(
        [_gains(study, arm, rows, places) for arm, rows in drawn],
        height=400,
        shapes=[{**ZERO, "y0": 0, "y1": 0, "x0": 0, "x1": 1, "xref": "paper"}],
        xaxis={"title": {"text": plain(what), "standoff": 8}, "automargin": True, "zeroline": False},
        yaxis={"title": {"text": "gain over the baseline, points"}, "automargin": True, "zeroline": False},
    )
    title = "Gain against language distance" if known else "Gain against the baseline's score in a language"
    unknown = "" if known else "Distances are not known here: languages stand at the baseline's score instead. "
    note = f"{unknown}Hollow: a control. Rank correlation over languages: {'; '.join(slopes)}."
    return Figure(title, f"Gain of each arm in each language against {what}. {note}", figure, note)


def _place(study: Study, view: View, code: str, *, known: bool) -> float:
    return study.distance(code) if known else study.score(study.result.baseline, view, "language", code).mean


def _relation(arm: ArmResult, points: Sequence[tuple[float, float]]) -> str:
    """Write Spearman's rank correlation of (place, gain), not a number where all of either are the same."""
    places, gains = (rankdata(values).tolist() for values in zip(*points, strict=True))
    varies = len(set(places)) > 1 and len(set(gains)) > 1
    return f"{arm.name} {_format.ratio(statistics.correlation(places, gains) if varies else math.nan)}"


def _gains(study: Study, arm: ArmResult, rows: list[tuple[str, Compared]], places: dict[str, float]) -> go.Scatter:
    style = study.styles[arm.name]
    return go.Scatter(
        x=[places[code] for code, _ in rows],
        y=[row.effect for _, row in rows],
        mode="markers",
        name=plain(arm.name),
        marker={
            "color": style.colour,
            "symbol": style.symbol,
            "size": 10,
            "line": {"width": 1.5, "color": style.colour},
        },
        error_y=_bars([(row.effect, row.low, row.high) for _, row in rows], style.colour) | {"visible": False},
        hovertext=[
            plain(f"{arm.name} in {study.language(code)}: {_format.effect(row.effect, row.low, row.high)}")
            for code, row in rows
        ],
        hoverinfo="text",
        meta={"pick": arm.name},
    )


def cost(study: Study, view: View) -> Figure | None:
    """Draw what a run of each arm costs against what it gains on the targets; bars are 95% intervals."""
    rows = [(arm, study.against(arm.name, view, TARGETS)) for arm in study.others if math.isfinite(arm.seconds)]
    drawn = [(arm, row) for arm, row in rows if row and math.isfinite(row.effect)]
    if not drawn:
        return None
    words = [_cost_words(arm, row) for arm, row in drawn]
    longest = max(arm.seconds for arm in study.arms if math.isfinite(arm.seconds))
    figure = canvas(
        [*_baseline_cost(study), *(_cost_of(study, arm, row) for arm, row in drawn)],
        height=400,
        shapes=[{**ZERO, "y0": 0, "y1": 0, "x0": 0, "x1": 1, "xref": "paper"}],
        xaxis={"title": {"text": "seconds of a run", "standoff": 8}, "range": [0, longest * 1.25], "automargin": True},
        yaxis={"title": {"text": "gain in target mean, points"}, "automargin": True, "zeroline": False},
        margin={"l": 44, "r": 24, "t": 24, "b": 40},
    )
    description = f"Seconds of a run against gain in target mean of {view.task}. {'; '.join(words)}."
    note = "Up and left is better. Bars are 95% intervals; pre-training, which all share, is left out."
    return Figure("Cost against gain", description, figure, note)


def _baseline_cost(study: Study) -> list[go.Scatter]:
    base = study.baseline
    if base is None or not math.isfinite(base.seconds):
        return []
    return [_mark(study, base.name, base.seconds, 0.0, f"{base.name}: {_format.seconds(base.seconds)}")]


def _cost_words(arm: ArmResult, row: Compared) -> str:
    return f"{arm.name}: {_format.seconds(arm.seconds)}, {_format.effect(row.effect, *row.interval)}"


def _cost_of(study: Study, arm: ArmResult, row: Compared) -> go.Scatter:
    trace = _mark(study, arm.name, arm.seconds, row.effect, _cost_words(arm, row))
    if math.isfinite(row.low + row.high):
        trace.error_y = _bars([(row.effect, *row.interval)], study.styles[arm.name].colour)
    return trace


def _mark(study: Study, name: str, x: float, y: float, words: str) -> go.Scatter:
    style = study.styles[name]
    return go.Scatter(
        x=[x],
        y=[y],
        mode="markers+text",
        text=[plain(f"  {_format.clipped(name, 20)}")],
        textposition="middle right",
        textfont={"size": 11},
        cliponaxis=False,
        marker={
            "color": style.colour,
            "symbol": style.symbol,
            "size": 11,
            "line": {"width": 1.5, "color": style.colour},
        },
        hovertext=[plain(words)],
        hoverinfo="text",
    )


def curves(study: Study) -> list[Figure]:
    """Draw the source development score by step: a panel a task, a line an arm."""
    panels = (_curve(study, task) for task in dict.fromkeys(curve.task for curve in study.result.curves))
    return [panel for panel in panels if panel]


def _curve(study: Study, task: str) -> Figure | None:
    own = [c for c in study.result.curves if c.task == task and c.arm in study.styles and len(c.steps) == len(c.values)]
    own = [curve for curve in own if curve.values]
    if not own:
        return None
    styles = study.styles
    traces = [line(c.arm, c.steps, c.values, styles[c.arm].colour, dash=styles[c.arm].dash) for c in own]
    ends = [f"{curve.arm} {_format.score(curve.values[-1])}" for curve in own]
    description = f"{task}: score on source development data by step. At the end: {'; '.join(ends)}."
    return curve_panel(f"{task}: source dev score", description, traces)


def maps(study: Study) -> list[Figure]:
    """Draw the maps of sentence vectors, with silhouettes and retrieval beside."""
    return [_map(study, drawn) for drawn in study.result.maps if _finite(drawn)]


def _finite(drawn: Map) -> bool:
    return any(all(map(math.isfinite, (*one, *other))) for one, other in zip(drawn.tsne, drawn.pca, strict=True))


def _map(study: Study, drawn: Map) -> Figure:
    layouts = [np.array(layout, dtype=np.float64).reshape(-1, 2) for layout in (drawn.tsne, drawn.pca)]
    finite = np.asarray(np.isfinite(np.hstack(layouts)).all(axis=1))
    names = [np.array(one, dtype=np.str_) for one in (drawn.languages, drawn.meanings, drawn.texts or drawn.meanings)]
    no_vectors = np.empty((len(drawn.languages), 0), dtype=np.float32)
    points = embedding_layout.Embeddings(no_vectors, names[0], names[1], names[2], int((~finite).sum())).only(finite)
    tsne, pca = (embedding_layout.scaled(layout[finite]) for layout in layouts)
    laid = embedding_layout.Map(points, tsne, pca, drawn.silhouette_meaning, drawn.silhouette_language)
    name = f"{drawn.arm}, after {drawn.stage}, seed {drawn.seed}"
    beside = _retrieval(study, drawn)
    return embedding_map(name, laid, language=study.language, source=study.result.source, beside=beside)


def _retrieval(study: Study, drawn: Map) -> str:
    values = (
        value
        for score in study.result.scores
        if (score.arm, score.kind, score.metric, score.over) == (drawn.arm, "probe", "retrieval", drawn.stage)
        for seed, value in zip(score.seeds, score.values, strict=False)
        if seed == drawn.seed
    )
    value = next(values, math.nan)
    return f"retrieval {_format.score(value)} percent" if math.isfinite(value) else ""
