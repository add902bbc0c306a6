"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and nothing else there.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="Directory in the layout of XTREME's download script.", show_default="the hub"),
]
Languages = Annotated[
    str | None, typer.Option("--languages", help="Comma-separated codes.", show_default="all there are")
]


def codes(text: str | None) -> tuple[str, ...] | None:
    """Return the parts of a comma-separated list, or None."""
    return tuple(code.strip() for code in text.split(",") if code.strip()) if text else None
