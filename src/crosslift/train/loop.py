"""The training loop, the only one; accelerate is imported here and nowhere else.

A step is a pure function of the weights, the optimizer's state, the seed and the step's number: order, masks and
dropout are all seeded by (seed, step).  So a loop that is killed and resumed ends in the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from crosslift.errors import RecipeError, TrainingError
from crosslift.recipe import TrainTable
from crosslift.train import checkpoint
from crosslift.train.batch import Batch
from crosslift.train.method import Method, Terms
from crosslift.train.selection import Selector, Weights
from crosslift.train.streams import Stream

LOGGED_STEPS = 100
"""A stage logs about so many steps, however long it is."""


@dataclass(frozen=True)
class Objective:
    """A method, the stream it reads, and its weight in the sum."""

    name: str
    method: Method
    stream: Stream
    weight: float = 1.0


class Log(Protocol):
    """Where logged steps go; `offset` and `truncate` let a resumed loop drop what came after its state."""

    def append(self, line: dict[str, Any]) -> None:
        """Add a line."""

    def offset(self) -> int:
        """Return the size so far."""

    def truncate(self, offset: int) -> None:
        """Drop everything after `offset`."""


@dataclass(frozen=True)
class Trained:
    """What a loop leaves: weights by selection rule, and what it cost."""

    weights: dict[str, Weights]
    steps: int
    tokens: int
    seconds: float


@dataclass
class Loop:
    """Train `module` on objectives.

    Args:
        model: what methods are handed: an Encoder or a TaskModel.
        module: the parameters to train and save.
        objectives: at least one; each step draws a batch of each and adds the gradients up.
        table: the stage's settings.
        steps: optimizer steps.
        seed: of order, masks and dropout.
        stage: name in the log.
        states: directory of resumable states; a state found there is taken up.
        log: where logged steps go.
        selector: keeps weights for the selection rules; None where only the last count.
        evaluate: source-dev score (higher is better), called at the selector's checkpoints.
        on_step: called after each step with the number of steps done and the terms when logged.
    """

    model: Any
    module: nn.Module
    objectives: Sequence[Objective]
    table: TrainTable
    steps: int
    seed: int
    stage: str
    states: Path
    log: Log
    selector: Selector | None = None
    evaluate: Callable[[], dict[str, float]] | None = None
    on_step: Callable[[int, dict[str, float]], None] = lambda _step, _terms: None
    tokens: int = field(default=0, init=False)
    seconds: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.accelerator = Accelerator()
        for objective in self.objectives:
            self._refuse_to_split(objective)

    def run(self) -> Trained:
        """Train to the last step, from a saved state if there is one.

        Raises:
            TrainingError: a loss or gradient that is not finite.
            StorageError: no room for a state.
        """
        self.module.to(self.accelerator.device).train()
        optimizer = _adamw(self.module, self.table)
        start = self._restore(optimizer)
        clock = saved = time.monotonic()
        for step in range(start, self.steps):
            terms, norm = self._step(step, optimizer)
            self.seconds += time.monotonic() - clock
            self._log_step(step, terms, norm)
            self._checkpoint(step + 1)
            clock = time.monotonic()
            if clock - saved > self.table.save_seconds and step + 1 < self.steps:
                self._save(step + 1, optimizer)
                saved = clock = time.monotonic()
        return Trained(self._choices(), self.steps, self.tokens, self.seconds)

    def _step(self, step: int, optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], Tensor]:
        torch.manual_seed(_seed(self.seed, step, self.accelerator.process_index))
        for group in optimizer.param_groups:
            group["lr"] = self.table.learning_rate * schedule(step, self.steps, self.table.warmup_fraction)
        optimizer.zero_grad(set_to_none=True)
        terms: dict[str, Tensor] = {}
        for index, objective in enumerate(self.objectives):
            terms |= self._gradients(step, index, objective)
        self._sum_over_processes()
        norm = nn.utils.clip_grad_norm_(self.module.parameters(), self.table.clip_norm or float("inf"))
        optimizer.step()
        return terms, norm

    def _gradients(self, step: int, index: int, objective: Objective) -> dict[str, Tensor]:
        """Add one objective's gradients; return its terms, averaged over the whole step."""
        processes, rank = self.accelerator.num_processes, self.accelerator.process_index
        items = objective.stream.batch(step * processes + rank)
        generator = torch.Generator().manual_seed(_seed(self.seed, step, rank, index + 1))
        batch = objective.method.collate(self.model, items, generator)
        self.tokens += int(batch.lengths.sum())
        units = self._over_processes(objective.method.units(batch))
        total: dict[str, Tensor] = {}
        for part in self._parts(batch):
            share = objective.method.units(part) / max(1, units)
            terms = self._part_gradients(objective, part.to(self.accelerator.device), share)
            for name, value in terms.items():
                total[name] = total.get(name, value.new_zeros(())) + value.detach() * share
        return {f"{objective.name}.{name}" if name != objective.name else name: v for name, v in total.items()}

    def _part_gradients(self, objective: Objective, part: Batch, share: float) -> Terms:
        def backward(terms: Terms) -> None:
            self.accelerator.backward(objective.weight * share * torch.stack(list(terms.values())).sum())

        device = self.accelerator.device.type
        with torch.autocast(device, torch.bfloat16, enabled=self.table.precision == "bfloat16"):
            return objective.method.step(self.model, part, backward)

    def _parts(self, batch: Batch) -> Iterator[Batch]:
        """Yield parts of at most `micro_batch_tokens` padded tokens, rows of like length together."""
        budget = self.table.micro_batch_tokens
        if budget is None:
            yield batch
            return
        order = torch.argsort(batch.lengths, stable=True)
        start = 0
        for end in range(1, len(order) + 1):
            if end == len(order) or int(batch.lengths[order[end]]) * (end + 1 - start) > budget:
                yield batch.select(order[start:end])
                start = end

    def _refuse_to_split(self, objective: Objective) -> None:
        if objective.method.splittable:
            return
        if self.table.micro_batch_tokens is not None:
            raise RecipeError(
                f"{self.stage}.micro_batch_tokens: '{objective.name}' scores each example against the rest of its "
                "batch, so splitting a step would change the loss; remove `micro_batch_tokens` or lower `batch_size`"
            )
        if self.accelerator.num_processes > 1:
            raise RecipeError(
                f"{self.stage}: '{objective.name}' scores each example against the rest of its batch, and negatives "
                "are not gathered across processes; run this stage in one process"
            )

    def _over_processes(self, count: int) -> int:
        if self.accelerator.num_processes == 1:
            return count
        counts = torch.tensor(count, device=self.accelerator.device)
        return int(self.accelerator.reduce(counts, reduction="sum"))

    def _sum_over_processes(self) -> None:
        """Add gradients up over processes; methods call any part of the model, so no wrapper could hook a forward."""
        if self.accelerator.num_processes == 1:
            return
        for parameter in self.module.parameters():
            if parameter.requires_grad:
                gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
                parameter.grad = self.accelerator.reduce(gradient, reduction="sum")

    def _log_step(self, step: int, terms: dict[str, Tensor], norm: Tensor) -> None:
        every = max(1, self.steps // LOGGED_STEPS)
        if step % every and step + 1 != self.steps:
            self.on_step(step + 1, {})
            return
        values = {name: float(value) for name, value in terms.items()}
        if not np.isfinite([*values.values(), float(norm)]).all():
            raise TrainingError(
                f"{self.stage}: step {step + 1}: the loss or its gradient is not finite ({values}, gradient norm "
                f"{float(norm)}); a lower learning_rate (now {self.table.learning_rate}) or a longer warm-up "
                "helps most often"
            )
        self.log.append(
            {
                "stage": self.stage,
                "step": step + 1,
                "steps": self.steps,
                "terms": values,
                "tokens": self.tokens,
                "seconds": round(self.seconds, 3),
                "learning_rate": self.table.learning_rate * schedule(step, self.steps, self.table.warmup_fraction),
                "gradient_norm": float(norm),
            }
        )
        self.on_step(step + 1, values)

    def _checkpoint(self, step: int) -> None:
        if self.selector is None or self.evaluate is None or step not in self.selector.checkpoints:
            return
        self.module.eval()
        scores = self.evaluate()
        self.module.train()
        self.log.append({"stage": self.stage, "step": step, "dev": scores})
        self.selector.take(step, next(iter(scores.values())), self.module.state_dict())

    def _choices(self) -> dict[str, Weights]:
        last = self.module.state_dict()
        return self.selector.choices(last) if self.selector and self.steps else {"last": last}

    def _save(self, step: int, optimizer: torch.optim.Optimizer) -> None:
        if not self.accelerator.is_main_process:
            return
        state = {
            "step": step,
            "module": self.module.state_dict(),
            "optimizer": optimizer.state_dict(),
            "selector": self.selector.state() if self.selector else {},
            "tokens": self.tokens,
            "seconds": self.seconds,
            "log": self.log.offset(),
        }
        checkpoint.save(self.states, step, state)

    def _restore(self, optimizer: torch.optim.Optimizer) -> int:
        state = checkpoint.load_latest(self.states, self.accelerator.device)
        if state is None:
            self.log.truncate(0)
            return 0
        self.module.load_state_dict(state["module"])
        optimizer.load_state_dict(state["optimizer"])
        if self.selector:
            self.selector.restore(state["selector"])
        self.tokens, self.seconds = state["tokens"], state["seconds"]
        self.log.truncate(state["log"])
        return int(state["step"])


def schedule(step: int, steps: int, warmup_fraction: float) -> float:
    """Return the factor on the learning rate: a linear rise over the warm-up, then a linear fall to 0.

    >>> [round(schedule(step, 10, 0.2), 2) for step in (0, 1, 2, 9)]
    [0.5, 1.0, 1.0, 0.12]
    """
    warmup = round(steps * warmup_fraction)
    if step < warmup:
        return (step + 1) / warmup
    return (steps - step) / max(1, steps - warmup)


def _adamw(module: nn.Module, table: TrainTable) -> torch.optim.AdamW:
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": table.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=table.learning_rate, fused=True)


def _seed(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)
