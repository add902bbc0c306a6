"""Comparisons as tables: for the terminal, CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from itertools import groupby
from typing import TYPE_CHECKING, Any

from crosslift.comparison.pairwise import LEVEL, Comparison
from crosslift.comparison.sentences import sentence, support, test
from crosslift.io.markdown import escaped
from crosslift.io.markdown import table as markdown_table
from crosslift.tables import format as fmt

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = ("over", "baseline", "system", "change", "95% interval", "p", "adj. p", "w/t/l")


def values(rows: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Return comparisons as JSON holds them, each with its sentence; NaN becomes None."""
    return [
        {key: None if value != value else value for key, value in asdict(row).items()} | {"sentence": sentence(row)}
        for row in rows
    ]


def csv_text(rows: Sequence[Comparison]) -> str:
    """Return comparisons as CSV, one per line, in full precision."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Comparison)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: value for key, value in row.items() if key != "sentence"} for row in values(rows))
    return text.getvalue()


def markdown(rows: Sequence[Comparison], notes: Sequence[str]) -> str:
    """Return a Markdown table for each system and task, sentences above, the test below."""
    parts = []
    for title, group in _groups(rows):
        parts += [f"**{escaped(title)}**", escaped(f"{sentence(group[0])} {support(group[0])}")]
        rule = ["---", *["---:"] * (len(COLUMNS) - 1)]
        parts.append(markdown_table(COLUMNS, rule, ([escaped(cell) for cell in _cells(row)] for row in group)))
    return "\n\n".join([*parts, escaped(test(rows)), *map(escaped, notes)]) + "\n"


def latex(rows: Sequence[Comparison], notes: Sequence[str]) -> str:
    """Return a LaTeX table for each system and task (needs `booktabs`), whose caption names the test."""
    return "\n".join(_latex_table(title, group, test(rows), notes) for title, group in _groups(rows))


def _latex_table(title: str, rows: Sequence[Comparison], tests: str, notes: Sequence[str]) -> str:
    lines = [" & ".join(map(fmt.latex, cells)) + r" \\" for cells in map(_cells, rows)]
    middle = r"\midrule"
    if rows[0].averaged:
        lines.insert(1, middle)
    caption = " ".join(
        [
            f"{title} ({fmt.seeds(rows[0].seeds, rows[0].most_seeds)}).",
            sentence(rows[0]),
            support(rows[0]),
            tests,
            *notes,
        ]
    )
    return "\n".join(
        [
            r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{l{'r' * (len(COLUMNS) - 1)}}}", r"\toprule",
            " & ".join(map(fmt.latex, COLUMNS)) + r" \\", middle, *lines, r"\bottomrule", r"\end{tabular}",
            rf"\caption{{{fmt.latex(caption)}}}", r"\end{table}", "",
        ]
    )  # fmt: skip


def terminal(rows: Sequence[Comparison]) -> list[tuple[Table, str]]:
    """Return a table for each system and task, with the sentence that summarizes it."""
    from rich.table import Table
    from rich.text import Text

    tables = []
    for title, group in _groups(rows):
        # As Text, square brackets in names are not taken for rich markup.
        table = Table(title=Text(title), title_justify="left", box=None, pad_edge=False, header_style="dim")
        for place, column in enumerate(COLUMNS):
            table.add_column(column, justify="right" if place else "left", no_wrap=True)
        for row in group:
            style = "bold" if row.p_adjusted < LEVEL else ""
            table.add_row(*(Text(cell, style=style) for cell in _cells(row)))
        tables.append((table, f"{sentence(group[0])} {support(group[0])}"))
    return tables


def _groups(rows: Sequence[Comparison]) -> list[tuple[str, list[Comparison]]]:
    return [(title, list(group)) for title, group in groupby(rows, key=_title)]


def _title(row: Comparison) -> str:
    metric = fmt.words(row.metric)
    return f"{row.system} against {row.baseline}: {row.task}, {metric} in percent, {row.selection}"


def _cells(row: Comparison) -> list[str]:
    return [
        row.over,
        fmt.score(row.baseline_score),
        fmt.score(row.system_score),
        fmt.signed(row.effect, row.low, row.high),
        fmt.interval(row.low, row.high) or fmt.MISSING,
        fmt.probability(row.p),
        fmt.probability(row.p_adjusted),
        f"{row.wins}/{row.ties}/{row.losses}",
    ]
