"""A study as Markdown, in the order of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift._markdown import bullets, escaped
from crosslift.report import _study_tables, _study_words
from crosslift.report._markdown import section
from crosslift.report._study_benchmark import benchmark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report._study import Study
    from crosslift.report._table import Table


def render(study: Study) -> str:
    """Return a Markdown document."""
    found = study.result
    parts = [f"# {escaped(found.title)}", *map(escaped, _study_words.abstract(study))]
    ledger = section(_study_tables.ledger(study))
    parts += [ledger] if study.is_ledger else []
    parts += ["## Question", *map(escaped, _study_words.paragraphs(found.question))]
    parts += map(escaped, _study_words.paragraphs(found.background))
    parts += ["## Method", escaped(found.about)]
    parts += [section(_study_tables.arms(study))] if found.arms else []
    parts += [] if study.is_ledger else [ledger]
    rules = [f"{one.name}: {one.statement}. Rule: {one.rule}" for one in found.hypotheses]
    parts += bullets("Rules, stated before the results", rules)
    table = benchmark(study)
    parts += [section(table)] if table else []
    for title, tables in _sections(study):
        parts += [f"## {escaped(title)}", *map(section, tables)]
    parts += bullets("Limitations", _study_words.limitations(study))
    parts += bullets("Notes", found.notes)
    parts += bullets("How to reproduce", filter(None, [found.command, f"definition hash {found.definition_hash}"]))
    parts += bullets("References", found.references)
    return "\n\n".join(parts) + "\n"


def _sections(study: Study) -> Iterator[tuple[str, list[Table]]]:
    for view in study.views:
        tables = [_study_tables.results(study, view), _study_tables.heat_map(study, view)]
        tables += filter(None, [_study_tables.pairs(study, view)])
        if any(study.gains(arm.name, view) for arm in study.others):
            tables.append(_study_tables.languages(study, view))
        yield f"{view.task}, {view.metric}", tables + [table for _, table in _study_tables.grids(study, view)]
    first = study.views[0] if study.views else None
    rest = [*_study_tables.probes(study), _study_tables.cost(study, first), _study_tables.failures(study)]
    if any(rest):
        yield "Probes, cost, failures", [table for table in rest if table]
