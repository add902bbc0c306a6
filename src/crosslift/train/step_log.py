"""The log of a training loop, and the check that the values in it are finite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from crosslift.errors import TrainingError


class Log(Protocol):
    """The log of a stage; a resumed loop uses `offset` and `truncate` to drop lines written after its state."""

    def append(self, line: dict[str, Any]) -> None:
        """Add a line."""

    def offset(self) -> int:
        """Return the size so far."""

    def truncate(self, offset: int) -> None:
        """Drop everything after `offset`."""


def check_finite(values: Mapping[str, float], norm: float, *, where: str, learning_rate: float, hint: str) -> None:
    """Check that a loss and its gradient are finite.

    Args:
        values: terms of the loss, by name.
        norm: norm of the gradient.
        where: stage and step, for the message.
        learning_rate: the stage's, for the message.
        hint: ends the message.

    Raises:
        TrainingError: one of them is not finite.
    """
    if not np.isfinite([*values.values(), norm]).all():
        raise TrainingError(
            f"{where}: the loss or its gradient is not finite ({dict(values)}, gradient norm {norm}); a lower "
            f"learning_rate (now {learning_rate}) or a longer warm-up helps most often{hint}"
        )
