"""The page of a study: it reads like a short paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crosslift.report import _study_figures, _study_tables, _study_words
from crosslift.report._page import Tile, flat, page
from crosslift.report._study import MANY
from crosslift.report._study_benchmark import benchmark

if TYPE_CHECKING:
    from crosslift.report._figures import Figure
    from crosslift.report._study import Study
    from crosslift.report._systems import View
    from crosslift.report._table import Table
    from crosslift.studies.result import Judged


@dataclass(frozen=True, slots=True)
class Claim:
    """A hypothesis, and the table of what was compared for it."""

    judged: Judged
    effect: str
    published: str
    findings: Table


@dataclass(frozen=True, slots=True)
class Section:
    """What was found on one task by one metric; figures for a task's first metric alone."""

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
        "abstract": _study_words.abstract(study),
        "question": _study_words.paragraphs(found.question),
        "background": _study_words.paragraphs(found.background),
        "numbers": _tiles(study),
        "ledger": _study_tables.ledger(study),
        "verdicts": _study_figures.verdicts(study),
        "claims": [_claim(one) for one in found.hypotheses],
        "meaning": _study_words.MEANING,
        "open": len(found.hypotheses) <= MANY,
        "arms": _study_tables.arms(study) if found.arms else None,
        "setting": _setting(study),
        "benchmark": benchmark(study),
        "sections": [_section(study, view, place) for place, view in enumerate(study.views)],
        "curves": _study_figures.curves(study),
        "maps": _study_figures.maps(study),
        "probes": _study_tables.probes(study),
        "costs": [t for t in (_study_tables.cost(study, _first(study)), _study_tables.stages(study)) if t],
        "failures": _study_tables.failures(study),
        "limitations": _study_words.limitations(study),
        "facts": _facts(study),
        "hues": study.hues,
    }


def _first(study: Study) -> View | None:
    return study.views[0] if study.views else None


def _tiles(study: Study) -> list[Tile]:
    counts = {verdict: len(study.hypotheses(verdict)) for verdict in _study_words.VERDICTS}
    shown = [Tile(verdict.capitalize(), str(count)) for verdict, count in counts.items() if count]
    return [*shown, Tile("Arms", str(len(study.result.arms))), Tile("Seeds", str(len(study.result.seeds)))]


def _claim(one: Judged) -> Claim:
    effect = _study_tables.effect_of(one).text("effect")
    return Claim(one, effect, _study_words.published(one), _study_tables.findings(one))


def _setting(study: Study) -> dict[str, str]:
    found = study.result
    source = study.language(found.source) if found.source else ""
    names = dict.fromkeys(map(study.language, found.languages))  # benchmarks may have codes of their own
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
        results=_study_tables.results(study, view),
        heat=_study_tables.heat_map(study, view),
        languages=_study_tables.languages(study, view) if compared else None,
        gap=_study_figures.transfer_gap(study, view) if main else None,
        distance=_study_figures.distance(study, view) if main else None,
        cost=_study_figures.cost(study, view) if main and place == 0 else None,
        pairs=_study_tables.pairs(study, view),
        grids=_study_tables.grids(study, view),
    )


def _facts(study: Study) -> dict[str, str]:
    found = study.result
    return {
        "run again": found.command,
        "study": found.study,
        "definition hash": found.definition_hash,
        **dict(flat(found.environment)),
    }
