"""The HTML page of a study, which reads like a short paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crosslift.report.charts.html import Tile, page
from crosslift.report.study import sections, sentences

if TYPE_CHECKING:
    from crosslift.report.study.view import Study


def render(study: Study) -> str:
    """Return the page."""
    return page("study.html.j2", sections, study, _content(study))


def _content(study: Study) -> dict[str, Any]:
    return {
        "what": "study",
        "title": study.result.title,
        "abstract": sentences.abstract(study),
        "numbers": _tiles(study),
        "hues": study.hues,
    }


def _tiles(study: Study) -> list[Tile]:
    counts = {verdict: len(study.hypotheses(verdict)) for verdict in sentences.VERDICTS}
    shown = [Tile(verdict.capitalize(), str(count)) for verdict, count in counts.items() if count]
    return [*shown, Tile("Arms", str(len(study.result.arms))), Tile("Seeds", str(len(study.result.seeds)))]
