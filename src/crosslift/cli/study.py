"""The command that answers a research question."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from crosslift.cli.options import Data, Json, codes
from crosslift.errors import InputError


def study(
    name: Annotated[str, typer.Argument(metavar="STUDY", help="Name (`crosslift list studies`), or a TOML file.")],
    given: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="What `$NAME` in its recipes stands for.")
    ] = None,
    scale: Annotated[str, typer.Option(help="lab: here and now; mini: real data; full: public checkpoints.")] = "lab",
    seeds: Annotated[int | None, typer.Option(min=1, help="Seeds 0, 1, ...", show_default="the scale's")] = None,
    arms: Annotated[str | None, typer.Option(help="Comma-separated: run these alone.", show_default="all")] = None,
    tasks: Annotated[str | None, typer.Option(help="Comma-separated: run these alone.", show_default="all")] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Its directory; finished runs there are kept.", show_default="runs/studies/NAME-SCALE"),
    ] = None,
    data: Data = None,
    encoder: Annotated[str | None, typer.Option(help="Checkpoint that mini and full start from.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Runs side by side; cores are shared out.")] = 1,
    cluster: Annotated[
        str | None, typer.Option(help="Address of a Ray cluster to run on; auto: this machine's.", show_default="none")
    ] = None,
    only_plan: Annotated[bool, typer.Option("--plan", help="Show what would run, and check it; run nothing.")] = False,
    agreed: Annotated[bool, typer.Option("--yes", help="Start although it will take hours of an accelerator.")] = False,
    as_json: Json = False,
) -> None:
    """Answer a research question: run its arms and controls, and judge what was stated before."""
    from crosslift.report import write
    from crosslift.studies import Settings, directory_of, load, planned
    from crosslift.studies import study as run_study
    from crosslift.studies.terminal import Watch, print_plan, print_result, values_of_plan

    definition = load(name)
    values = {"data": data and str(data.absolute()), "encoder": encoder, **_named(given or [])}
    settings = Settings(
        scale=scale, seeds=seeds, arms=codes(arms), tasks=codes(tasks), processes=jobs, cluster=cluster,
        values={key: value for key, value in values.items() if value is not None},
    )  # fmt: skip
    directory = output or directory_of(definition, settings)
    size = definition.scale(scale)
    with TemporaryDirectory() as elsewhere:
        only_looking = only_plan or (size.device_hours and not agreed)
        runs = planned(definition, directory, settings, prepared_in=Path(elsewhere) if only_looking else None)
    if only_plan and as_json:
        typer.echo(json.dumps(values_of_plan(definition, size, runs), indent=2))
        return
    if not as_json:
        print_plan(definition, size, runs)
    if only_plan:
        return
    if size.device_hours and not agreed and not all(run.done for run in runs):
        raise InputError(
            f"the study {definition.name} at scale {scale} takes about {size.device_hours:,.0f} hours on one "
            "accelerator; start it with --yes, or look at it with --plan"
        )
    found = run_study(definition.path, directory, settings=settings, tell=Watch(runs))
    page = write(directory)
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json", by_alias=True), indent=2))
        return
    print_result(found)
    typer.echo(f"Report: {page}")


def _named(texts: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for (name, equals, _), text in zip(pairs, texts, strict=True):
        if not equals or not name.isidentifier():
            raise InputError(f"'{text}': expected NAME=VALUE, as in lexicon=dictionaries")
    return {name: value for name, _, value in pairs}
