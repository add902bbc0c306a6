"""Rows that travel together through one step."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor

from crosslift.encoder.inputs import Inputs


@dataclass(frozen=True)
class Batch:
    """Base of every batch: each field is an Inputs, a tensor whose first axis is the row, a batch, or None."""

    def __len__(self) -> int:
        return next(len(value) for value in self._values().values() if value is not None)

    def select(self, rows: Tensor) -> Self:
        """Return these rows; token-level tensors are trimmed with their inputs where they share their length."""
        return replace(self, **{name: _select(value, rows) for name, value in self._values().items()})

    def to(self, device: torch.device) -> Self:
        """Return the same on `device`."""
        moved = {name: value.to(device) for name, value in self._values().items() if value is not None}
        return replace(self, **moved)

    @property
    def lengths(self) -> Tensor:
        """(batch,): tokens a row costs, over all inputs."""
        inputs = [value.lengths for value in self._values().values() if isinstance(value, Inputs)]
        return torch.stack(inputs).sum(dim=0)

    def _values(self) -> dict[str, Inputs | Tensor | Batch | None]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def _select(value: Inputs | Tensor | Batch | None, rows: Tensor) -> Inputs | Tensor | Batch | None:
    if value is None:
        return None
    return value[rows] if isinstance(value, Tensor) else value.select(rows)
