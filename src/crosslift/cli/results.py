"""Commands that read results: `crosslift compare` and `crosslift report`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from crosslift.cli.options import Json
from crosslift.errors import InputError, RunExistsError


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Run directories, or directories of runs.")],
    selection: Annotated[
        str | None,
        typer.Option(
            metavar="RULE",
            help="Checkpoint selection to compare under: source-dev, last, average, ...",
            show_default="each run's saved weights",
        ),
    ] = None,
    generalized: Annotated[
        bool, typer.Option("--generalized", help="Compare pairs of languages, where the runs scored them.")
    ] = False,
    form: Annotated[
        Literal["table", "csv", "markdown", "latex"], typer.Option("--format", help="Output format.")
    ] = "table",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write; must not exist.", show_default="stdout")
    ] = None,
    draws: Annotated[int, typer.Option(metavar="N", min=100, help="Bootstrap samples of the test items.")] = 2000,
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed of the bootstrap.")] = 0,
    as_json: Json = False,
) -> None:
    """Test which system is better.

    Reports the effect, its confidence interval and p-value, over test items, languages and seeds. Runs of one recipe
    that differ only in their seed are one system; the first system is the baseline.
    """
    if output is not None and output.exists():
        raise RunExistsError(f"{output} exists already and is never overwritten; choose another --output")
    if output is not None and form == "table" and not as_json:
        raise InputError(f"--output {output}: a table is for the terminal; expected --format csv, markdown or latex")
    from crosslift.comparison import compare as compare_runs

    found = compare_runs(runs, selection=selection, generalized=generalized, draws=draws, seed=seed)
    if form == "table" and not as_json:
        found.print()
        return
    text = json.dumps(found.values(), indent=2, ensure_ascii=False) + "\n" if as_json else getattr(found, form)()
    _write(text, output)


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="Study, run directory, or directory of runs.")],
    form: Annotated[Literal["html", "md"], typer.Option("--format", help="HTML page, or Markdown.")] = "html",
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to write.", show_default="html: DIRECTORY/report.html; md: stdout"),
    ] = None,
) -> None:
    """Write a self-contained report of runs or of a study."""
    from crosslift.report import find, is_study, markdown, study_markdown, write

    if form == "html":
        typer.echo(write(directory, output))
    else:
        text = study_markdown(directory) if is_study(directory) else markdown(find(directory))
        _write(text if output else f"{text}\n", output)


def _write(text: str, output: Path | None) -> None:
    """Write a text to a file and print its path, or print the text."""
    from crosslift.runs.write import write_text

    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)
        typer.echo(output)
