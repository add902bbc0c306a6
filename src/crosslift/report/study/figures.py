"""The figures of a study's page."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from crosslift.report.charts.colours import hue
from crosslift.report.charts.figures import Figure, GapRow, canvas, curve_panel, gap_figure, line, plain
from crosslift.report.charts.gains import ZERO, At, Gain, against_cost, against_distance, bars
from crosslift.report.charts.maps import embedding_map
from crosslift.report.runs.differences import TARGETS
from crosslift.runs.embedding_map import Embeddings, scaled
from crosslift.runs.embedding_map import Map as Layout
from crosslift.tables import format as fmt

if TYPE_CHECKING:
    from crosslift.report.runs.view import View
    from crosslift.report.study.view import Study
    from crosslift.studies.result import ArmResult, Judged, Map

SIGNS = {"confirmed": "circle", "refuted": "x", "inconclusive": "circle-open", "recorded": "square"}


def transfer_gap(study: Study, view: View) -> Figure | None:
    """Draw the source, the targets and the gap between source and target mean of every arm."""
    return gap_figure([_gap_row(study, arm, view) for arm in study.arms_of(view)], view.metric)


def _gap_row(study: Study, arm: ArmResult, view: View) -> GapRow:
    source, mean, gap = (
        study.score(arm.name, view, "summary", over).mean for over in ("source", TARGETS, "transfer gap")
    )
    targets = [(study.language(code), study.score(arm.name, view, "language", code).mean) for code in view.targets]
    return GapRow(arm.name, study.styles[arm.name].colour, source, mean, gap, targets)


def verdicts(study: Study) -> Figure | None:
    """Draw the effect and interval of every hypothesis that has one, from top to bottom."""
    drawn = [one for one in study.result.hypotheses if math.isfinite(one.effect) and math.isfinite(one.low + one.high)]
    if not drawn:
        return None
    texts = [f"{one.name}, {one.verdict}: {fmt.effect(one.effect, one.low, one.high)} {one.unit}" for one in drawn]
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
        error_x=bars([(one.effect, one.low, one.high) for one in drawn], hue(1)),
        hovertext=[plain(text) for text in texts],
        hoverinfo="text",
    )
    names = [plain(fmt.clipped(one.name, 16) + _unit(one)) for one in drawn]
    figure = canvas(
        [trace],
        height=30 * len(drawn) + 70,
        shapes=[{**ZERO, "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper"}],
        xaxis={
            "title": {"text": "effect: points, or the unit after the name", "standoff": 8},
            "automargin": True,
        },
        yaxis={"tickvals": places, "ticktext": names, "showgrid": False, "zeroline": False, "automargin": True},
    )
    note = "Dot: confirmed. Ring: inconclusive. Cross: refuted. The line is the 95% interval; dotted: no difference."
    return Figure("Effects behind the verdicts", f"Effects with 95% intervals. {'; '.join(texts)}.", figure, note)


def _unit(one: Judged) -> str:
    return "" if one.unit == "points" else f" ({one.unit})"


def distance(study: Study, view: View) -> Figure | None:
    """Draw each arm's gain in a language against the language's distance from the source."""
    return against_distance([_gain(study, arm, view) for arm in study.others], study.result.baseline)


def cost(study: Study, view: View) -> Figure | None:
    """Draw the cost of a run of each arm against its gain on the targets."""
    base = study.baseline.seconds if study.baseline else math.nan
    baseline = Gain(study.result.baseline, study.styles[study.result.baseline], seconds=base)
    drawn = against_cost([_gain(study, arm, view) for arm in study.others], baseline, view.task)
    return drawn and replace(drawn, note=f"{drawn.note} Pre-training, which all arms share, is left out.")


def _gain(study: Study, arm: ArmResult, view: View) -> Gain:
    base = study.result.baseline
    languages = [
        At(study.language(code), study.distance(code), study.score(base, view, "language", code).mean, row)
        for code, row in study.gains(arm.name, view)
    ]
    return Gain(arm.name, study.styles[arm.name], languages, study.against(arm.name, view, TARGETS), arm.seconds)


def curves(study: Study) -> list[Figure]:
    """Draw the source development score by step: one panel per task, one line per arm."""
    panels = (_curve(study, task) for task in dict.fromkeys(curve.task for curve in study.result.curves))
    return [panel for panel in panels if panel]


def _curve(study: Study, task: str) -> Figure | None:
    own = [c for c in study.result.curves if c.task == task and c.arm in study.styles and len(c.steps) == len(c.values)]
    own = [curve for curve in own if curve.values]
    if not own:
        return None
    styles = study.styles
    traces = [line(c.arm, c.steps, c.values, styles[c.arm].colour, dash=styles[c.arm].dash) for c in own]
    ends = [f"{curve.arm} {fmt.score(curve.values[-1])}" for curve in own]
    description = f"{task}: score on source development data by step. At the end: {'; '.join(ends)}."
    return curve_panel(f"{task}: source dev score", description, traces)


def maps(study: Study) -> list[Figure]:
    """Draw the maps of sentence vectors; notes have their silhouettes and retrieval."""
    return [_map(study, drawn) for drawn in study.result.maps if _finite(drawn)]


def _finite(drawn: Map) -> bool:
    return any(all(map(math.isfinite, (*one, *other))) for one, other in zip(drawn.tsne, drawn.pca, strict=True))


def _map(study: Study, drawn: Map) -> Figure:
    layouts = [np.array(layout, dtype=np.float64).reshape(-1, 2) for layout in (drawn.tsne, drawn.pca)]
    finite = np.asarray(np.isfinite(np.hstack(layouts)).all(axis=1))
    names = [np.array(one, dtype=np.str_) for one in (drawn.languages, drawn.meanings, drawn.texts or drawn.meanings)]
    no_vectors = np.empty((len(drawn.languages), 0), dtype=np.float32)
    points = Embeddings(no_vectors, names[0], names[1], names[2], int((~finite).sum())).only(finite)
    tsne, pca = (scaled(layout[finite]) for layout in layouts)
    layout = Layout(points, tsne, pca, drawn.silhouette_meaning, drawn.silhouette_language)
    name = f"{drawn.arm}, after {drawn.stage}, seed {drawn.seed}"
    remark = _retrieval(study, drawn)
    return embedding_map(name, layout, language=study.language, source=study.result.source, remark=remark)


def _retrieval(study: Study, drawn: Map) -> str:
    values = (
        value
        for score in study.result.scores
        if (score.arm, score.kind, score.metric, score.over) == (drawn.arm, "probe", "retrieval", drawn.stage)
        for seed, value in zip(score.seeds, score.values, strict=False)
        if seed == drawn.seed
    )
    value = next(values, math.nan)
    return f"retrieval {fmt.score(value)} percent" if math.isfinite(value) else ""
