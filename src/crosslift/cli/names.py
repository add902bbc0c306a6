"""Commands about names: `crosslift list` and `crosslift describe`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from crosslift.cli.options import Json


def list_names(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="tasks, methods, metrics, encoders or studies.")],
    as_json: Json = False,
) -> None:
    """List tasks, methods, metrics, encoders or studies."""
    from crosslift.catalogue import listing
    from crosslift.cli.show import print_listing

    rows = listing(what)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        print_listing(rows)


def describe(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of a task, method, metric, encoder family or study.")
    ],
    as_json: Json = False,
) -> None:
    """Explain a name: documentation, settings, sources."""
    from crosslift.catalogue import description
    from crosslift.cli.show import print_description

    facts = description(name)
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        print_description(facts)
