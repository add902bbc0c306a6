"""The base of all training batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import torch
from torch import Tensor

from crosslift.encoder.inputs import Inputs


@dataclass(frozen=True)
class Batch:
    """The rows of one step.

    Each field is an Inputs, a tensor with the rows as its first axis, a batch, None, or a tuple of these.
    """

    def __len__(self) -> int:
        return next(len(value) for value in self._values().values() if value is not None)

    def select(self, rows: Tensor) -> Self:
        """Return some rows; `Inputs` are trimmed to the longest of them.

        Args:
            rows: (chosen,), indices.
        """

        def chosen(part: Part) -> Part:
            return part[rows] if isinstance(part, Tensor) else part.select(rows)

        return replace(self, **{name: _each(value, chosen) for name, value in self._values().items()})

    def to(self, device: torch.device) -> Self:
        """Return the batch on a device."""
        return replace(
            self, **{name: _each(value, lambda part: part.to(device)) for name, value in self._values().items()}
        )

    @property
    def lengths(self) -> Tensor:
        """Tokens per row over all inputs, (batch,)."""
        inputs = [value.lengths for value in self._values().values() if isinstance(value, Inputs)]
        return torch.stack(inputs).sum(dim=0)

    def _values(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


Part = Inputs | Tensor | Batch


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a field with `change` applied to it, or to each part of it."""
    if isinstance(value, tuple):
        return tuple(_each(part, change) for part in value)
    return None if value is None else change(value)
