"""The page's summary and tables as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crosslift.report import _pairs, _table, _words

if TYPE_CHECKING:
    from crosslift.report._systems import Report
    from crosslift.report._table import Cell, Column, Table


def render(report: Report) -> str:
    """Return a Markdown document: summary, tables, limitations, warnings."""
    parts = [f"# {_escaped(_words.title(report))}", _escaped(_words.summary(report))]
    for view in report.views:
        parts.append(f"## {_escaped(f'{view.task}, {view.metric}')}")
        tables = [
            _table.results(report, view),
            _table.languages(report, view),
            _table.selection(report, view),
            *_pairs.pairs(report, view),
            _pairs.agreement(report, view),
        ]
        parts += [_section(table) for table in tables if table]
    parts += [_section(table) for table in (_table.cost(report), *_table.probes(report)) if table]
    parts += _list("Limitations", _words.limitations(report))
    parts += _list("Warnings", report.warnings)
    return "\n\n".join(parts) + "\n"


def _section(table: Table) -> str:
    return f"### {_escaped(table.title)}\n\n{table_text(table)}\n\n{_escaped(table.caption)}"


def table_text(table: Table) -> str:
    """Return one table in GitHub's Markdown, numbers aligned right."""
    header = [_escaped(column.title) for column in table.columns]
    rule = ["---" if column.kind == "text" else "---:" for column in table.columns]
    rows = [[_cell(cell, column) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, rule, *rows])


def _cell(cell: Cell, column: Column) -> str:
    text = _escaped(cell.text(column.kind))
    if cell.mark == "best":
        return f"**{text}**"
    return f"{text} ({cell.mark})" if cell.mark else text


def _list(title: str, items: list[str]) -> list[str]:
    lines = "\n".join(f"- {_escaped(item)}" for item in items)
    return [f"## {title}\n\n{lines}"] if items else []


def _escaped(text: str) -> str:
    """Neutralise what Markdown or HTML would read as markup; a line break would end a table row."""
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", " ".join(text.split()))
