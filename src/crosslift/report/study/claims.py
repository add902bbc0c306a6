"""Tables of hypotheses: the verdict on each, and the findings behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.report.runs.cells import frozen
from crosslift.report.study.cells import count_cell
from crosslift.report.study.sentences import grounds, published
from crosslift.tables import format as fmt
from crosslift.tables.table import Cell, Column, Table

if TYPE_CHECKING:
    from crosslift.report.study.view import Study
    from crosslift.studies.result import Finding, Judged


def ledger(study: Study) -> Table:
    """Return one row per hypothesis: statement, verdict, effect, and the grounds of the verdict."""
    with_published = any(one.published for one in study.result.hypotheses)
    columns = (
        Column("Claim", "text"),
        Column("Statement", "prose"),
        Column("Verdict", "verdict"),
        Column("Effect", "effect", "In percentage points unless it says otherwise; 95% interval"),
        Column("Seeds", "count"),
        *((Column("Published", "prose", "By the source, for other models and data"),) if with_published else ()),
        Column("Why", "prose"),
    )
    rows = [
        (
            Cell(one.name),
            Cell(one.statement, note=one.source),
            Cell(one.verdict),
            effect_cell(one),
            count_cell(one.seeds),
            *((Cell(published(one) or fmt.MISSING),) if with_published else ()),
            Cell(grounds(one)),
        )
        for one in study.result.hypotheses
    ]
    caption = "Effect: difference with its 95% interval. Rules were written down before the results were known."
    return Table("Claims and verdicts", caption, columns, frozen(rows))


def findings(one: Judged) -> Table:
    """Return the comparisons made for a hypothesis, the one that decided first."""
    columns = (
        Column("Comparison", "text"),
        Column("Effect", "effect"),
        Column("p", "p"),
        Column("Seeds", "count"),
        Column("Languages that agree", "text"),
        Column("Verdict", "verdict"),
    )
    rows = [
        (
            Cell(found.text),
            effect_cell(found),
            Cell(found.p),
            count_cell(found.seeds),
            Cell(f"{found.agree} of {found.languages}" if found.languages else fmt.MISSING),
            Cell(found.verdict),
        )
        for found in one.findings
    ]
    return Table(f"Findings behind {one.name}", "", columns, frozen(rows))


def effect_cell(one: Judged | Finding) -> Cell:
    """Return the effect of a hypothesis or a finding; a number without a unit is shown without a sign."""
    if not one.unit:
        return Cell(fmt.number(one.effect))
    notes = [*(["one seed"] if one.seeds == 1 else []), *([one.unit] if one.unit != "points" else [])]
    return Cell(one.effect, interval=(one.low, one.high), note=", ".join(notes))
