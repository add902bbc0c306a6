"""Tables of systems x languages for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table as RichTable
from rich.text import Text

from crosslift.tables import format as fmt

if TYPE_CHECKING:
    from crosslift.report.runs.view import Report, ScoredSystem, View

WIDE = 10
"""Languages beyond which they become rows: a terminal is taller than it is wide."""


def tables(report: Report) -> list[RichTable]:
    """Return one table per view, with the target mean and the transfer gap; notes are below the last."""
    made = [_table(report, view) for view in report.views]
    if made and report.notes:
        made[-1].caption = Text(" ".join(report.notes))
    return made


def _table(report: Report, view: View) -> RichTable:
    most = max(len(system.seeds) for system in report.systems)
    seeds = fmt.plural(most, "seed")
    title = f"{view.task}, {fmt.words(view.metric)} in percent, zero-shot from {view.source or 'the source'}, {seeds}"
    lines = [_line(system, view, target_mean=_best_mean(report, view)) for system in report.systems]
    header = [Text(code) for code in (*view.languages, "target mean", "gap")]
    names = [Text(_name(system, most)) for system in report.systems]
    if len(view.languages) <= WIDE:
        return _grid(title, "system", header, list(zip(names, lines, strict=True)))
    return _grid(title, "language", names, list(zip(header, map(list, zip(*lines, strict=True)), strict=True)))


def _name(system: ScoredSystem, most: int) -> str:
    """Return the name of a system, with its seeds if others have more."""
    seeds = len(system.seeds)
    return system.name if seeds == most else f"{system.name} ({fmt.plural(seeds, 'seed')})"


def _line(system: ScoredSystem, view: View, *, target_mean: float) -> list[Text]:
    mean, gap = system.summary(view, "target_mean"), system.summary(view, "transfer_gap")
    style = "bold" if mean.mean == target_mean else ""
    scores = [Text(fmt.score(system.score(view, code).mean)) for code in view.languages]
    return [
        *scores,
        Text(fmt.with_spread(mean.mean, mean.spread), style=style),
        Text(fmt.score(gap.mean)),
    ]


def _best_mean(report: Report, view: View) -> float:
    means = [system.summary(view, "target_mean") for system in report.systems]
    return max((mean.mean for mean in means if mean.seeds), default=float("nan"))


def _grid(title: str, corner: str, header: list[Text], rows: list[tuple[Text, list[Text]]]) -> RichTable:
    # As Text, square brackets in names are not taken for rich markup.
    table = RichTable(title=Text(title), title_justify="left", box=None, pad_edge=False, header_style="dim")
    table.caption_justify = "left"
    table.add_column(corner, overflow="fold")
    for name in header:
        table.add_column(name, justify="right", no_wrap=True)
    for name, cells in rows:
        table.add_row(name, *cells)
    return table
