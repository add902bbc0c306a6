"""The page's summary and tables as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.io.markdown import bullets, escaped
from crosslift.io.markdown import table as markdown_table
from crosslift.report.runs import language_pairs, sentences, stages, tables

if TYPE_CHECKING:
    from crosslift.report.runs.view import Report
    from crosslift.tables.table import Cell, Column, Table


def render(report: Report) -> str:
    """Return a Markdown document: summary, tables, limitations, warnings."""
    parts = [f"# {escaped(sentences.title(report))}", escaped(sentences.summary(report))]
    for view in report.views:
        parts.append(f"## {escaped(f'{view.task}, {view.metric}')}")
        parts += [section(tables.results(report, view)), *map(escaped, sentences.findings(report, view))]
        others = [
            tables.languages(report, view),
            tables.selection(report, view),
            *language_pairs.pairs(report, view),
            language_pairs.agreement(report, view),
        ]
        parts += [section(table) for table in others if table]
    parts += [section(table) for table in (stages.cost(report), *stages.probes(report)) if table]
    parts += bullets("Limitations", sentences.limitations(report))
    parts += bullets("Warnings", report.warnings)
    return "\n\n".join(parts) + "\n"


def section(table: Table) -> str:
    """Return a table with its title and its caption."""
    return "\n\n".join(filter(None, [f"### {escaped(table.title)}", table_text(table), escaped(table.caption)]))


def table_text(table: Table) -> str:
    """Return one table in GitHub's Markdown, with numbers aligned right."""
    header = [escaped(column.title) for column in table.columns]
    rule = ["---" if column.kind in ("text", "prose", "verdict") else "---:" for column in table.columns]
    rows = [[_cell(cell, column) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]
    return markdown_table(header, rule, rows)


def _cell(cell: Cell, column: Column) -> str:
    text = escaped(cell.text(column.kind))
    if cell.mark == "best":
        return f"**{text}**"
    return f"{text} ({cell.mark})" if cell.mark else text
