"""A table as values: columns, cells and how a cell is written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crosslift.tables import format as fmt

if TYPE_CHECKING:
    from collections.abc import Callable


ColumnKind = Literal["text", "prose", "verdict", "score", "difference", "effect", "count", "seconds", "ratio", "p"]
"""What a column holds.  `prose` is text that wraps; a `difference` is one of percentages, an `effect` has any unit."""


Mark = Literal["", "baseline", "control", "source", "best"]


_WRITE: dict[ColumnKind, Callable[[float], str]] = {
    "score": fmt.score,
    "difference": fmt.difference,
    "effect": fmt.effect,
    "p": fmt.probability,
    "count": fmt.count,
    "seconds": fmt.seconds,
    "ratio": fmt.ratio,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column's title, what its cells hold, and a note for readers who want to know more."""

    title: str
    kind: ColumnKind = "score"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of the column's kind, NaN if missing; `heat` is its place on the colour scale, 0 to 1.

    `interval` holds the ends of the 95% interval of a difference.
    """

    value: float | str
    spread: float = math.nan
    mark: Mark = ""
    heat: float | None = None
    note: str = ""
    interval: tuple[float, float] | None = None

    def text(self, kind: ColumnKind) -> str:
        """Write the value as a cell of a column of `kind`."""
        if isinstance(self.value, str):
            return self.value
        if kind == "score":
            return fmt.with_spread(self.value, self.spread)
        if kind in ("difference", "effect") and self.interval:
            return fmt.effect(self.value, *self.interval)
        return _WRITE[kind](self.value)


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; the first cell of a row names it.  `scale` is the range of the colours."""

    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    scale: tuple[float, float] | None = None
