"""Objectives of a training loop: a method, its stream of items, and its weight."""

from __future__ import annotations

from dataclasses import dataclass

from crosslift.errors import RecipeError
from crosslift.recipe import TrainTable
from crosslift.train.batches import Batches
from crosslift.train.method import Method


@dataclass(frozen=True)
class Objective:
    """A method, the stream that it reads, and its weight in the sum of losses."""

    name: str
    method: Method
    stream: Batches
    weight: float = 1.0

    def check_whole_batches(self, table: TrainTable, *, stage: str, processes: int) -> None:
        """Check that batches are not split, among steps or processes, if the loss of a row depends on its batch.

        Args:
            table: the stage's settings.
            stage: name of the stage, for the message.
            processes: number of processes that train together.

        Raises:
            RecipeError: they are split.
        """
        if self.method.splittable:
            return
        if table.micro_batch_tokens is not None:
            raise RecipeError(
                f"{stage}.micro_batch_tokens: '{self.name}' scores each example against the rest of its batch, so "
                "splitting a step would change the loss; remove `micro_batch_tokens` or lower `batch_size`"
            )
        if processes > 1 and not self.method.gathers:
            raise RecipeError(
                f"{stage}: '{self.name}' scores each example against the rest of its batch, and does not gather the "
                "batches of other processes; run this stage in one process"
            )
