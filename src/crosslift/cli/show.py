"""Listings, descriptions, runs and scores, printed for reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.table import Table

from crosslift.tables import format as fmt


def print_listing(rows: Sequence[Mapping[str, str]]) -> None:
    """Print the rows of a listing as a table."""
    table = Table(box=None, pad_edge=False)
    for column in rows[0]:
        table.add_column(fmt.words(column), overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row.values()))
    Console().print(table)


def print_description(facts: Mapping[str, Any]) -> None:
    """Print what is known of a name, once per registry that has it."""
    console = Console()
    for number, entry in enumerate([facts, *facts["also"]]):
        if number:
            console.print()
        _print_entry(console, entry)


def _print_entry(console: Console, facts: Mapping[str, Any]) -> None:
    console.print(f"[bold]{facts['name']}[/bold]  ({facts['type']})\n")
    console.print(Markdown(facts["documentation"]))
    if settings := facts.get("settings"):
        table = Table("setting", "default", "meaning", box=None, pad_edge=False)
        for key, setting in settings.items():
            table.add_row(key, escape(repr(setting["default"])), escape(setting["description"]))
        console.print()
        console.print(table)
    console.print()
    for key, value in facts.items():
        if key not in ("name", "type", "summary", "documentation", "settings", "also"):
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            console.print(f"[bold]{fmt.words(key)}[/bold]: {escape(shown)}", highlight=False)


def print_runs(base: Path, runs: Sequence[Mapping[str, Any]]) -> None:
    """Print the scores of the runs below a directory, and the warnings of their results."""
    from crosslift.report import find, terminal

    for table in terminal(find(base)):
        Console().print(table)
    print_warnings(list(dict.fromkeys(warning for run in runs for warning in run["warnings"])))


def print_scores(results: Mapping[str, Any]) -> None:
    """Print scores by language with their averages, language pairs, and agreement between languages."""
    console = Console()
    if "benchmark" in results:
        _print_tasks(console, results)
    else:
        _print_languages(console, results)
    for metric in dict.fromkeys(row["metric"] for row in results["probes"]):
        values = [row["value"] for row in results["probes"] if row["metric"] == metric]
        mean = sum(values) / len(values)
        console.print(f"{metric}: mean of {fmt.plural(len(values), 'language')} {fmt.score(mean)}", highlight=False)
    for row in results["generalized"]:
        console.print(_grid(row))
        pairs = fmt.plural(row["pairs"], "pair")
        console.print(f"{row['metric']}: mean of {pairs} {fmt.score(row['macro'])}", highlight=False)
    for row in results["consistency"]:
        kappa = "" if row["fleiss_kappa"] is None else f", Fleiss' kappa {fmt.ratio(row['fleiss_kappa'])}"
        console.print(f"agreement between languages: {fmt.score(row['agreement'])}{kappa}", highlight=False)
    print_warnings(results["warnings"])


def _print_languages(console: Console, results: Mapping[str, Any]) -> None:
    """Print one line per language, and the mean over targets of each metric."""
    table = Table("language", "metric", "score", "items", box=None, pad_edge=False)
    for row in results["scores"]:
        table.add_row(row["language"], row["metric"], fmt.score(row["value"]), fmt.count(row["items"]))
    console.print(table)
    for row in results["summary"]:
        if row["target_mean"] is not None:
            gap = "" if row["transfer_gap"] is None else f", transfer gap {fmt.score(row['transfer_gap'])}"
            targets, mean = fmt.plural(row["targets"], "target"), fmt.score(row["target_mean"])
            console.print(f"{row['metric']}: mean of {targets} {mean}{gap}", highlight=False)


def _print_tasks(console: Console, results: Mapping[str, Any]) -> None:
    """Print one line per task and metric, the mean over tasks, and the tasks left out."""
    table = Table("task", "metric", "source", "target mean", "targets", box=None, pad_edge=False)
    for row in results["summary"]:
        cells = (fmt.MISSING if row[name] is None else fmt.score(row[name]) for name in ("source_value", "target_mean"))
        table.add_row(row["task"], row["metric"], *cells, str(row["targets"]))
    console.print(table)
    score = results["benchmark"]
    if score is not None:
        targets = "" if score["targets"] is None else f", of targets alone {fmt.score(score['targets'])}"
        tasks = fmt.plural(len(score["tasks"]), "task")
        console.print(f"mean of {tasks} {fmt.score(score['all'])}{targets}", highlight=False)
    for row in results["skipped"]:
        console.print(f"not scored: {row['task']}: {row['reason']}", highlight=False, markup=False, soft_wrap=True)


def print_warnings(warnings: Sequence[str]) -> None:
    """Print warnings, one per line."""
    for warning in warnings:
        Console().print(f"Warning: {warning}", highlight=False, markup=False, soft_wrap=True)


def _grid(row: Mapping[str, Any]) -> Table:
    """Return scores by the language of the first text (rows) and of the second (columns)."""
    values = {(cell["first"], cell["second"]): cell["value"] for cell in row["cells"]}
    codes = list(dict.fromkeys(first for first, _ in values))
    table = Table("first \\ second", *codes, box=None, pad_edge=False)
    for first in codes:
        table.add_row(first, *(fmt.score(values[first, second]) for second in codes))
    return table
