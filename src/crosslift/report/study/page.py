"""The HTML page of a study, which reads like a short paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crosslift.report.charts.html import Tile, flat, page
from crosslift.report.study import claims, figures, sentences, stages, tables
from crosslift.report.study.benchmark import benchmark
from crosslift.report.study.view import MANY

if TYPE_CHECKING:
    from crosslift.report.charts.figures import Figure
    from crosslift.report.runs.view import View
    from crosslift.report.study.view import Study
    from crosslift.studies.result import Judged
    from crosslift.tables.table import Table


@dataclass(frozen=True, slots=True)
class Claim:
    """A hypothesis, and the table of the comparisons made for it."""

    judged: Judged
    effect: str
    published: str
    findings: Table


@dataclass(frozen=True, slots=True)
class Section:
    """One task and metric; only a task's first metric has figures."""

    anchor: str
    view: View
    results: Table
    heat: Table
    languages: Table | None
    gap: Figure | None
    distance: Figure | None
    cost: Figure | None
    pairs: Table | None
    grids: list[tuple[str, Table]]


def render(study: Study) -> str:
    """Return the page."""
    return page("study.html.j2", _content(study))


def _content(study: Study) -> dict[str, Any]:
    found = study.result
    return {
        "what": "study",
        "study": study,
        "title": found.title,
        "abstract": sentences.abstract(study),
        "question": sentences.paragraphs(found.question),
        "background": sentences.paragraphs(found.background),
        "numbers": _tiles(study),
        "ledger": claims.ledger(study),
        "verdicts": figures.verdicts(study),
        "claims": [_claim(one) for one in found.hypotheses],
        "meaning": sentences.MEANING,
        "open": len(found.hypotheses) <= MANY,
        "arms": tables.arms(study) if found.arms else None,
        "setting": _setting(study),
        "benchmark": benchmark(study),
        "sections": [_section(study, view, place) for place, view in enumerate(study.views)],
        "curves": figures.curves(study),
        "maps": figures.maps(study),
        "probes": stages.probes(study),
        "costs": [t for t in (stages.cost(study, _first(study)), stages.stages(study)) if t],
        "failures": stages.failures(study),
        "limitations": sentences.limitations(study),
        "facts": _facts(study),
        "hues": study.hues,
    }


def _first(study: Study) -> View | None:
    return study.views[0] if study.views else None


def _tiles(study: Study) -> list[Tile]:
    counts = {verdict: len(study.hypotheses(verdict)) for verdict in sentences.VERDICTS}
    shown = [Tile(verdict.capitalize(), str(count)) for verdict, count in counts.items() if count]
    return [*shown, Tile("Arms", str(len(study.result.arms))), Tile("Seeds", str(len(study.result.seeds)))]


def _claim(one: Judged) -> Claim:
    effect = claims.effect_cell(one).text("effect")
    return Claim(one, effect, sentences.published(one), claims.findings(one))


def _setting(study: Study) -> dict[str, str]:
    found = study.result
    source = study.language(found.source) if found.source else ""
    names = dict.fromkeys(map(study.language, found.languages))  # benchmarks may use different codes for one language
    return {
        "scale": found.scale,
        "setting": found.about,
        "seeds": ", ".join(map(str, found.seeds)),
        "tasks": ", ".join(found.tasks),
        "source": source,
        "languages": ", ".join(name for name in names if name != source),
        "baseline": found.baseline if found.arms else "",
        "test": found.test,
    }


def _section(study: Study, view: View, place: int) -> Section:
    main = study.is_main(view)
    compared = any(study.gains(arm.name, view) for arm in study.others)
    return Section(
        anchor=f"results-{place}",
        view=view,
        results=tables.results(study, view),
        heat=tables.heat_map(study, view),
        languages=tables.languages(study, view) if compared else None,
        gap=figures.transfer_gap(study, view) if main else None,
        distance=figures.distance(study, view) if main else None,
        cost=figures.cost(study, view) if main and place == 0 else None,
        pairs=tables.pairs(study, view),
        grids=tables.grids(study, view),
    )


def _facts(study: Study) -> dict[str, str]:
    found = study.result
    return {
        "run again": found.command,
        "study": found.study,
        "definition hash": found.definition_hash,
        **dict(flat(found.environment)),
    }
