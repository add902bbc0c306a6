"""Gradients of a training step: accumulated over objectives and parts of a batch, and summed over processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from crosslift.recipe import TrainTable
from crosslift.train.batch import Batch
from crosslift.train.method import Terms
from crosslift.train.objective import Objective


@dataclass(frozen=True)
class Gradients:
    """Computes the gradients of objectives.

    Args:
        model: an Encoder or a TaskModel, which methods receive.
        objectives: at least one.
        auxiliaries: auxiliary modules of methods, by the index of their objective.
        table: the stage's settings.
        seed: seed of order, masks and dropout.
        accelerator: accelerate's view of this process: its device, backward pass and reductions.
    """

    model: Any
    objectives: Sequence[Objective]
    auxiliaries: nn.ModuleDict
    table: TrainTable
    seed: int
    accelerator: Any

    def auxiliary(self, index: int) -> nn.Module | None:
        """Return the auxiliary module of an objective, or None."""
        return dict(self.auxiliaries).get(str(index))

    def add(self, step: int, index: int) -> tuple[dict[str, Tensor], int]:
        """Add the gradients of one objective in one step to the parameters.

        Args:
            step: step, from 0.
            index: index of the objective.

        Returns:
            The objective's terms, each a scalar averaged over this process's share of the step, and the number of
            tokens over all processes.
        """
        objective = self.objectives[index]
        processes, rank = self.accelerator.num_processes, self.accelerator.process_index
        items = objective.stream.batch(step * processes + rank)
        generator = torch.Generator().manual_seed(derived_seed(self.seed, step, rank, index + 1))
        batch = objective.method.collate(self.model, items, generator)
        num_targets, tokens = self._over_processes(objective.method.num_targets(batch), int(batch.lengths.sum()))
        total: dict[str, Tensor] = {}
        for part in split(batch, self.table.micro_batch_tokens):
            share = objective.method.num_targets(part) / max(1, num_targets)
            terms = self._add_part(index, part.to(self.accelerator.device), share)
            for name, value in terms.items():
                total[name] = total.get(name, value.new_zeros(())) + value.detach() * share
        named = {f"{objective.name}.{name}" if name != objective.name else name: v for name, v in total.items()}
        return named, tokens

    def _add_part(self, index: int, part: Batch, share: float) -> Terms:
        objective = self.objectives[index]

        def backward(terms: Terms) -> None:
            self.accelerator.backward(objective.weight * share * torch.stack(list(terms.values())).sum())

        device = self.accelerator.device.type
        with torch.autocast(device, torch.bfloat16, enabled=self.table.precision == "bfloat16"):
            return objective.method.step(self.model, part, backward, self.auxiliary(index))

    def _over_processes(self, *counts: int) -> Sequence[int]:
        """Return the sums of numbers over processes."""
        if self.accelerator.num_processes == 1:
            return counts
        own = torch.tensor(counts, device=self.accelerator.device)
        return [int(count) for count in self.accelerator.reduce(own, reduction="sum")]

    def sum_over_processes(self, parameters: Iterable[nn.Parameter]) -> None:
        """Sum gradients over processes; by hand, since methods call any part of the model and no wrapper could hook it.

        Args:
            parameters: those that are trained, of any shapes.
        """
        if self.accelerator.num_processes == 1:
            return
        for parameter in parameters:
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            parameter.grad = self.accelerator.reduce(gradient, reduction="sum")


def split(batch: Batch, budget: int | None) -> Iterator[Batch]:
    """Yield parts of a batch of at most `budget` padded tokens each, rows of similar length together.

    Args:
        batch: (batch, ...) rows.
        budget: padded tokens of a part; None for the whole batch.
    """
    if budget is None:
        yield batch
        return
    order = torch.argsort(batch.lengths, stable=True)
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or int(batch.lengths[order[end]]) * (end + 1 - start) > budget:
            yield batch.select(order[start:end])
            start = end


def derived_seed(*parts: int) -> int:
    """Return a seed derived from several numbers, such as the run's seed and the step."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)
