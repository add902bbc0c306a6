"""Progress of long work on standard error: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Advance = Callable[[int, Mapping[str, float]], None]
"""Function of the units done so far, and of values to show (there may be none)."""


@contextmanager
def progress(description: str, total: int) -> Iterator[Advance]:
    """Show a bar for `total` units of work; yield the function that advances it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        start = time.monotonic()
        console.print(f"{description} ...", highlight=False)
        yield lambda _done, _values: None
        console.print(f"{description}: {time.monotonic() - start:.0f} s", highlight=False)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[values]}"),
    )
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task(description, total=total, values="")

        def advance(done: int, values: Mapping[str, float]) -> None:
            shown = "  ".join(f"{name} {value:.3f}" for name, value in values.items())
            bars.update(bar, completed=done)
            if shown:
                bars.update(bar, values=shown)

        yield advance
