"""Tables in GitHub's Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.io.markdown import escaped
from crosslift.io.markdown import table as markdown_table

if TYPE_CHECKING:
    from crosslift.tables.table import Cell, Column, Table


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
