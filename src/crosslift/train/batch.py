"""Rows that travel together through one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import torch
from torch import Tensor

from crosslift.encoder.inputs import Inputs


@dataclass(frozen=True)
class Batch:
    """Base of every batch.

    Each field is an Inputs, a tensor whose first axis is the row, a batch, None, or a tuple of these.
    """

    def __len__(self) -> int:
        return next(len(value) for value in self._values().values() if value is not None)

    def select(self, rows: Tensor) -> Self:
        """Return these rows; token-level tensors are trimmed with their inputs where they share their length."""

        def chosen(part: Part) -> Part:
            return part[rows] if isinstance(part, Tensor) else part.select(rows)

        return replace(self, **{name: _each(value, chosen) for name, value in self._values().items()})

    def to(self, device: torch.device) -> Self:
        """Return the same on `device`."""
        return replace(
            self, **{name: _each(value, lambda part: part.to(device)) for name, value in self._values().items()}
        )

    @property
    def lengths(self) -> Tensor:
        """(batch,): tokens a row costs, over all inputs."""
        inputs = [value.lengths for value in self._values().values() if isinstance(value, Inputs)]
        return torch.stack(inputs).sum(dim=0)

    def _values(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


Part = Inputs | Tensor | Batch


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a field changed, or each part of it."""
    if isinstance(value, tuple):
        return tuple(_each(part, change) for part in value)
    return None if value is None else change(value)
