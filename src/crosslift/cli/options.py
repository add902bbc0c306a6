"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]


def parts(text: str | None) -> tuple[str, ...] | None:
    """Return the parts of a comma-separated list, or None."""
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else None
