"""A study as Markdown, in the order of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.io.markdown import bullets, escaped
from crosslift.report.runs.markdown import section
from crosslift.report.study import claims, sentences, stages, tables
from crosslift.report.study.benchmark import benchmark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study
    from crosslift.tables.table import Table


def render(study: Study) -> str:
    """Return a Markdown document."""
    found = study.result
    parts = [f"# {escaped(found.title)}", *map(escaped, sentences.abstract(study))]
    ledger = section(claims.ledger(study))
    parts += [ledger] if study.is_ledger else []
    parts += ["## Question", *map(escaped, sentences.paragraphs(found.question))]
    parts += map(escaped, sentences.paragraphs(found.background))
    parts += ["## Method", escaped(found.about)]
    parts += [section(tables.arms(study))] if found.arms else []
    parts += [] if study.is_ledger else [ledger]
    rules = [f"{one.name}: {one.statement}. Rule: {one.rule}" for one in found.hypotheses]
    parts += bullets("Rules, stated before the results", rules)
    table = benchmark(study)
    parts += [section(table)] if table else []
    for title, group in _sections(study):
        parts += [f"## {escaped(title)}", *map(section, group)]
    parts += bullets("Limitations", sentences.limitations(study))
    parts += bullets("Notes", found.notes)
    parts += bullets("How to reproduce", filter(None, [found.command, f"definition hash {found.definition_hash}"]))
    parts += bullets("References", found.references)
    return "\n\n".join(parts) + "\n"


def _sections(study: Study) -> Iterator[tuple[str, list[Table]]]:
    for view in study.views:
        group = [tables.results(study, view), tables.heat_map(study, view)]
        group += filter(None, [tables.pairs(study, view)])
        if any(study.gains(arm.name, view) for arm in study.others):
            group.append(tables.languages(study, view))
        yield f"{view.task}, {view.metric}", group + [table for _, table in tables.grids(study, view)]
    first = study.views[0] if study.views else None
    rest = [*stages.probes(study), stages.cost(study, first), stages.failures(study)]
    if any(rest):
        yield "Probes, cost, failures", [table for table in rest if table]
