"""Commands that train: `crosslift demo` and `crosslift run`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from crosslift.cli.options import Json


def demo(
    output: Annotated[
        Path, typer.Option(metavar="DIRECTORY", help="Directory for the runs; replaces an earlier demo there.")
    ] = Path("runs/demo"),
    seeds: Annotated[int, typer.Option(metavar="N", min=1, help="Number of seeds, starting at 0.")] = 1,
    as_json: Json = False,
) -> None:
    """Show in the lab how alignment improves transfer.

    Pre-trains a small encoder on generated languages, fine-tunes it with and without alignment, and compares the two.
    Needs no data and no network.
    """
    from crosslift.demo import run_demo

    _report(output, run_demo(output, seeds=seeds), as_json=as_json)


def run(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="TOML file; `recipes/` has examples.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="KEY.PATH=VALUE", help="Overrides of recipe keys.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIRECTORY", help="Run directory to create.", show_default="runs/NAME/seed-N"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIRECTORY",
            help="Data directory in the layout of XTREME's download script.",
            show_default="the recipe's",
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Number of seeds, starting at the recipe's; each run goes to OUTPUT/seed-N."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an unfinished run in OUTPUT.")] = False,
    as_json: Json = False,
) -> None:
    """Run a recipe: train, score every language, report."""
    from crosslift import recipe as recipes

    given = [f"data.path={json.dumps(str(data.absolute()))}", 'data.source="directory"'] if data else []
    loaded = recipes.load(recipe, [*given, *(overrides or [])])
    from crosslift.pipeline.run import run as run_recipe
    from crosslift.train.processes import is_main

    base = output or Path("runs") / loaded.name
    directories = []
    for seed in range(loaded.seed, loaded.seed + (seeds or 1)):
        directory = base if output and seeds is None else base / f"seed-{seed}"
        seeded = recipes.build({**recipes.values(loaded), "seed": seed}, where=str(recipe))
        directories.append(run_recipe(seeded, directory, resume=resume))
    if is_main():  # of the processes of a distributed run
        _report(base, directories, as_json=as_json)


def _report(base: Path, directories: list[Path], *, as_json: bool) -> None:
    """Write the report and print the scores of the runs."""
    from crosslift.cli.show import print_runs
    from crosslift.report import write

    page = write(base)
    runs = [json.loads((directory / "results.json").read_text(encoding="utf-8")) for directory in directories]
    if as_json:
        typer.echo(json.dumps({"schema": 1, "report": str(page), "runs": runs}, indent=2))
        return
    print_runs(base, runs)
    typer.echo(f"Report: {page}")
