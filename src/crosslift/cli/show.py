"""Listings, descriptions and scores, printed for reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from crosslift.catalogue import description, listing


def print_listing(what: str) -> None:
    """Print a list as a table."""
    table = Table(box=None, pad_edge=False)
    for column in ("name", "kind", "summary"):
        table.add_column(column, overflow="fold")
    for row in listing(what):
        table.add_row(row["name"], row["kind"], row["summary"])
    Console().print(table)


def print_description(name: str) -> None:
    """Print a description for reading, shelf by shelf if the name is on several."""
    console, first = Console(), description(name)
    also = first.pop("also")
    _print_facts(console, first)
    for facts in also:
        console.print()
        _print_facts(console, facts)


def _print_facts(console: Console, facts: dict[str, Any]) -> None:
    console.print(f"[bold]{facts['name']}[/bold]  ({facts['kind']})\n")
    console.print(Markdown(facts["documentation"]))
    settings = facts.pop("settings", {})
    if settings:
        table = Table("setting", "default", "meaning", box=None, pad_edge=False)
        for key, setting in settings.items():
            table.add_row(key, repr(setting["default"]), setting["description"])
        console.print("\n", table)
    for key in facts:
        if key in ("name", "kind", "summary", "documentation"):
            continue
        value = facts[key]
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        console.print(f"[bold]{key}[/bold]: {shown}", highlight=False)


def print_scores(results: dict[str, Any]) -> None:
    """Print scores by language and their averages, pairs of languages, and how far languages agree."""
    console = Console()
    if "benchmark" in results:
        _print_tasks(console, results)
    else:
        _print_languages(console, results)
    for metric in dict.fromkeys(row["metric"] for row in results["probes"]):
        values = [row["value"] for row in results["probes"] if row["metric"] == metric]
        mean = sum(values) / len(values)
        console.print(f"{metric}: mean of {len(values)} languages {mean:.1f}", highlight=False)
    for row in results["generalized"]:
        console.print(_grid(row))
        console.print(f"{row['metric']}: mean of {row['pairs']} pairs {row['macro']:.1f}", highlight=False)
    for row in results["consistency"]:
        kappa = "" if row["fleiss_kappa"] is None else f", Fleiss' kappa {row['fleiss_kappa']:.2f}"
        console.print(f"agreement between languages: {row['agreement']:.1f}{kappa}", highlight=False)
    print_warnings(results["warnings"])


def _print_languages(console: Console, results: dict[str, Any]) -> None:
    table = Table("language", "metric", "score", "items", box=None, pad_edge=False)
    for row in results["scores"]:
        table.add_row(row["language"], row["metric"], f"{row['value']:.1f}", f"{row['items']:,}")
    console.print(table)
    for row in results["summary"]:
        if row["target_mean"] is not None:
            gap = "" if row["transfer_gap"] is None else f", transfer gap {row['transfer_gap']:.1f}"
            console.print(
                f"{row['metric']}: mean of {row['targets']} targets {row['target_mean']:.1f}{gap}", highlight=False
            )


def _print_tasks(console: Console, results: dict[str, Any]) -> None:
    """Print a line a task and metric, the mean over tasks, and what was left out."""
    table = Table("task", "metric", "source", "target mean", "targets", box=None, pad_edge=False)
    for row in results["summary"]:
        cells = ("-" if row[name] is None else f"{row[name]:.1f}" for name in ("source_value", "target_mean"))
        table.add_row(row["task"], row["metric"], *cells, str(row["targets"]))
    console.print(table)
    score = results["benchmark"]
    if score is not None:
        targets = "" if score["targets"] is None else f", of targets alone {score['targets']:.1f}"
        console.print(f"mean of {len(score['tasks'])} tasks {score['all']:.1f}{targets}", highlight=False)
    for row in results["skipped"]:
        console.print(f"not scored: {row['task']}: {row['reason']}", highlight=False, markup=False, soft_wrap=True)


def print_warnings(warnings: Sequence[str]) -> None:
    """Print what is to be kept in mind with scores, for reading."""
    for warning in warnings:
        Console().print(f"Warning: {warning}", highlight=False, markup=False, soft_wrap=True)


def _grid(row: dict[str, Any]) -> Table:
    """Return scores by the language of the first text (rows) and of the second (columns)."""
    values = {(cell["first"], cell["second"]): cell["value"] for cell in row["cells"]}
    codes = list(dict.fromkeys(first for first, _ in values))
    table = Table("first \\ second", *codes, box=None, pad_edge=False)
    for first in codes:
        table.add_row(first, *(f"{values[first, second]:.1f}" for second in codes))
    return table
