"""The part of a run's results that a stage or a score adds; parts are added up with `+`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

Rows = tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Outcome:
    """Rows of results.json and log.jsonl, each list in the order in which it is written."""

    scores: Rows = ()
    stages: Rows = ()
    probes: Rows = ()
    warnings: tuple[str, ...] = ()
    generalized: Rows = ()
    consistency: Rows = ()
    log: Rows = ()

    def __add__(self, other: Outcome) -> Outcome:
        """Return the rows of both, those of `self` first.

        >>> (Outcome(warnings=("a",)) + Outcome(warnings=("b",))).warnings
        ('a', 'b')
        """
        return Outcome(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))
