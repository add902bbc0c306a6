"""The command `crosslift study`."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from crosslift.cli.options import Json, parts
from crosslift.errors import InputError
from crosslift.tables import format as fmt

if TYPE_CHECKING:
    from crosslift.studies import Job, Settings
    from crosslift.studies.read import Definition


def study(
    name: Annotated[str, typer.Argument(metavar="STUDY", help="Name (see `crosslift list studies`) or TOML file.")],
    given: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Value of `$NAME` in the study's recipes.")
    ] = None,
    scale: Annotated[
        str,
        typer.Option(
            metavar="SCALE", help="lab: generated data; mini: real data, a small encoder; full: public checkpoints."
        ),
    ] = "lab",
    seeds: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Number of seeds, starting at 0.", show_default="as the scale says"),
    ] = None,
    arms: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Comma-separated arms to run.", show_default="all")
    ] = None,
    tasks: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Comma-separated tasks to run.", show_default="all")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIRECTORY",
            help="Directory of the study; finished runs in it are kept.",
            show_default="runs/studies/NAME-SCALE",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIRECTORY", help="Data directory, if the scale needs one (`$data` in its recipes)."),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Checkpoint to start from, if the scale needs one (`$encoder`)."),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Runs at a time; they share the CPU cores.")] = 1,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Ray cluster to run on; auto: the one that this machine belongs to."),
    ] = None,
    only_plan: Annotated[
        bool, typer.Option("--plan", help="Check the study and show what would run, without running it.")
    ] = False,
    agreed: Annotated[bool, typer.Option("--yes", help="Start, even if it takes hours on an accelerator.")] = False,
    as_json: Json = False,
) -> None:
    """Answer a research question with controlled runs.

    Runs the arms and controls of a study, and judges the hypotheses that it states beforehand.
    """
    from crosslift.studies import Settings, directory_of, load, planned
    from crosslift.studies.terminal import print_plan, values_of_plan

    definition = load(name)
    values = {"data": data and str(data.absolute()), "encoder": encoder, **_values(given or [])}
    settings = Settings(
        scale=scale, seeds=seeds, arms=parts(arms), tasks=parts(tasks), processes=jobs, cluster=cluster,
        values={key: value for key, value in values.items() if value is not None},
    )  # fmt: skip
    directory = output or directory_of(definition, settings)
    size = definition.scale(scale)
    with TemporaryDirectory() as elsewhere:
        only_looking = only_plan or (size.device_hours and not agreed)
        runs = planned(definition, directory, settings, prepared_in=Path(elsewhere) if only_looking else None)
    if not as_json:
        print_plan(definition, size, runs)
    elif only_plan:
        typer.echo(json.dumps(values_of_plan(definition, size, runs), indent=2))
    if only_plan:
        return
    if size.device_hours and not agreed and not all(run.done for run in runs):
        raise InputError(
            f"study '{definition.name}' at scale '{scale}' takes about {fmt.count(size.device_hours)} hours on one "
            "accelerator; start it with --yes, or see what it runs with --plan"
        )
    _run(definition, directory, settings, runs, as_json=as_json)


def _run(definition: Definition, directory: Path, settings: Settings, jobs: list[Job], *, as_json: bool) -> None:
    """Run a study, write its report and print its verdicts."""
    from crosslift.report import write
    from crosslift.studies import study as run_study
    from crosslift.studies.terminal import Watch, print_result

    found = run_study(definition.path, directory, settings=settings, on_end=Watch(jobs))
    page = write(directory)
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json", by_alias=True), indent=2))
        return
    print_result(found)
    typer.echo(f"Report: {page}")


def _values(texts: list[str]) -> dict[str, str]:
    """Return the values of NAME=VALUE arguments by name."""
    pairs = [text.partition("=") for text in texts]
    for (name, equals, _), text in zip(pairs, texts, strict=True):
        if not equals or not name.isidentifier():
            raise InputError(f"found '{text}'; expected NAME=VALUE, as in lexicon=dictionaries")
    return {name: value for name, _, value in pairs}
