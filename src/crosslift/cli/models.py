"""The command `crosslift merge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.choices import MergeMethod
from crosslift.errors import InputError


def merge(
    models: Annotated[list[str], typer.Argument(metavar="MODEL", help="Checkpoint directories or hub ids.")],
    output: Annotated[Path, typer.Option(metavar="DIRECTORY", help="Directory to create.")],
    how: Annotated[
        MergeMethod,
        typer.Option(help="Merge method; all but average need --base."),
    ] = "average",
    base: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Encoder or model that the models were trained from.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(metavar="NUMBERS", help="Comma-separated factors, one per model.", show_default="1 each"),
    ] = None,
    density: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="Share (0 to 1) of weight changes that ties and dare keep.", show_default="0.2"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed of dare.")] = 0,
) -> None:
    """Merge models of one family and one task.

    Writes an ordinary checkpoint. Models after the first may also be encoders, if there is a base.
    """
    factors = None if weights is None else _numbers(weights)
    from crosslift.merging.merge import merge as merge_models

    typer.echo(merge_models(models, output, how=how, base=base, weights=factors, density=density, seed=seed))


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--weights: found '{text}'; expected numbers separated by commas, as in 0.5,0.5") from error
