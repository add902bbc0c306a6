"""The command line: one module per verb, registered here.  Commands import what is heavy when they run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from crosslift.cli.align import word_align
from crosslift.cli.exit import exit_with
from crosslift.cli.models import merge
from crosslift.cli.names import describe, list_names
from crosslift.cli.results import compare, report
from crosslift.cli.score import evaluate, predict
from crosslift.cli.study import study
from crosslift.cli.train import demo, run
from crosslift.version import __version__

app = typer.Typer(
    name="crosslift",
    epilog="Start with: crosslift demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"crosslift {__version__}")
        raise typer.Exit


@app.callback()
def options(
    traceback: Annotated[bool, typer.Option("--traceback", help="Show the Python traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Zero-shot cross-lingual transfer: train on one language, serve the others."""


app.command(epilog="Example: crosslift demo --seeds 3 --json")(demo)
app.command(epilog="Example: crosslift run recipes/xnli.toml finetune.epochs=1 --data data")(run)
app.command(epilog="Example: crosslift evaluate runs/demo/aligned/seed-0/model --task xnli --lab")(evaluate)
app.command(epilog="Example: crosslift predict runs/demo/aligned/seed-0/model pairs.csv")(predict)
app.command("word-align", epilog="Example: crosslift word-align bitext/de.tsv --output de.links")(word_align)
app.command(epilog="Example: crosslift merge german/model thai/model --output merged")(merge)
app.command(epilog="Example: crosslift compare runs/demo/unaligned runs/demo/aligned")(compare)
app.command(epilog="Example: crosslift study label-aware-xnli --scale lab --jobs 2")(study)
app.command(epilog="Example: crosslift report runs/demo")(report)
app.command("list", epilog="Example: crosslift list methods")(list_names)
app.command(epilog="Example: crosslift describe tlm")(describe)


def main() -> None:
    """Run the command line; wrong input ends with a message and exit code 2, a failed run with 1."""
    traceback = "--traceback" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--traceback"]
    exit_with(lambda: app(arguments, prog_name="crosslift", standalone_mode=False), traceback=traceback)
