"""The training loop, the only one; accelerate is imported here and nowhere else.

A step is a pure function of the weights, the optimizer's state, the seed and the step's number: order, masks and
dropout are all seeded by (seed, step).  So a loop that is killed and resumed ends in the same bits.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from crosslift.encoder.encoder import seeded
from crosslift.errors import RecipeError, RunError, TrainingError
from crosslift.recipe import TrainTable
from crosslift.train import checkpoint
from crosslift.train.batch import Batch
from crosslift.train.batches import Batches
from crosslift.train.health import GradientCosines, Health, logged_every
from crosslift.train.method import Method, Terms
from crosslift.train.optimizer import adamw, schedule
from crosslift.train.selection import Selector, Weights


@dataclass(frozen=True)
class Objective:
    """A method, the stream it reads, and its weight in the sum."""

    name: str
    method: Method
    stream: Batches
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


def join_processes() -> Accelerator:
    """Start talking to the other processes, if a launcher started several; each gets its own device.

    Raises:
        RunError: the processes did not find each other.
    """
    started = int(os.environ.get("WORLD_SIZE", "1"))
    # Left to itself, accelerate takes processes without a GPU for runs of their own, unless its launcher started them.
    accelerator = Accelerator(cpu=started > 1 and not torch.accelerator.is_available())
    if accelerator.num_processes != started:
        raise RunError(
            f"a launcher started {started} processes (WORLD_SIZE), but {accelerator.num_processes} train together; "
            "start one process, or see `accelerate env` for what is missing"
        )
    return accelerator


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
        oracle: target-dev scores, called there too; the selector keeps the best mean of them.
        health: measures the encoder now and then; None for not at all.
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
    oracle: Callable[[], dict[str, float]] | None = None
    health: Health | None = None
    on_step: Callable[[int, dict[str, float]], None] = lambda _step, _terms: None
    tokens: int = field(default=0, init=False)
    seconds: float = field(default=0.0, init=False)
    auxiliaries: nn.ModuleDict = field(default_factory=nn.ModuleDict, init=False)
    """What methods need beside the model, by the index of their objective; dropped with the loop."""
    cosines: dict[str, float] = field(default_factory=dict, init=False)
    """Of the objectives' gradients, when health was measured last."""
    healthy: int = field(default=0, init=False)
    """The last step after which the encoder was found healthy."""

    def __post_init__(self) -> None:
        self.accelerator = join_processes()
        for objective in self.objectives:
            self._refuse_to_split(objective)

    def run(self) -> Trained:
        """Train to the last step, from a saved state if there is one.

        Raises:
            TrainingError: a loss or gradient that is not finite, or an encoder that collapsed.
            StorageError: no room for a state.
        """
        self.module.to(self.accelerator.device).train()
        self._make_extras()
        optimizer = adamw(self._trained(), self.table)
        start = self._restore(optimizer)
        if start == 0:
            self._watch(0)
        clock = saved = time.monotonic()
        for step in range(start, self.steps):
            terms, norm = self._step(step, optimizer)
            self.seconds += time.monotonic() - clock
            self._log_step(step, terms, norm)
            self._checkpoint(step + 1)
            self._watch(step + 1)
            clock = time.monotonic()
            if clock - saved > self.table.save_seconds and step + 1 < self.steps:
                self._check_finite(step, {name: float(value) for name, value in terms.items()}, norm)
                self._save(step + 1, optimizer)
                saved = clock = time.monotonic()
        return Trained(self._choices(), self.steps, self.tokens, self.seconds)

    def _make_extras(self) -> None:
        for index, objective in enumerate(self.objectives):
            with seeded(_seed(self.seed, index)):
                auxiliary = objective.method.auxiliary_module(self.model)
            if auxiliary is not None:
                self.auxiliaries[str(index)] = auxiliary
        self.auxiliaries.to(self.accelerator.device).train()

    def _extra(self, index: int) -> nn.Module | None:
        return dict(self.auxiliaries).get(str(index))

    def _trained(self) -> list[nn.Parameter]:
        parameters = chain(self.module.parameters(), self.auxiliaries.parameters())
        return [parameter for parameter in parameters if parameter.requires_grad]

    def _step(self, step: int, optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], Tensor]:
        torch.manual_seed(_seed(self.seed, step, self.accelerator.process_index))
        for group in optimizer.param_groups:
            group["lr"] = self.table.learning_rate * schedule(step, self.steps, self.table.warmup_fraction)
        optimizer.zero_grad(set_to_none=True)
        comparable = len(self.objectives) > 1 and self._measured(step + 1)
        compared = GradientCosines(self._trained()) if comparable else None
        terms: dict[str, Tensor] = {}
        for index, objective in enumerate(self.objectives):
            terms |= self._gradients(step, index, objective)
            if compared:
                compared.take(objective.name)
        self.cosines = compared.cosines() if compared else {}
        self._sum_over_processes()
        norm = nn.utils.clip_grad_norm_(self._trained(), self.table.clip_norm or float("inf"))
        optimizer.step()
        with torch.no_grad():
            for index, objective in enumerate(self.objectives):
                objective.method.after_step(self.model, self._extra(index))
        return terms, norm

    def _gradients(self, step: int, index: int, objective: Objective) -> dict[str, Tensor]:
        """Add one objective's gradients; return its terms, averaged over this process's part of the step."""
        processes, rank = self.accelerator.num_processes, self.accelerator.process_index
        items = objective.stream.batch(step * processes + rank)
        generator = torch.Generator().manual_seed(_seed(self.seed, step, rank, index + 1))
        batch = objective.method.collate(self.model, items, generator)
        num_targets, tokens = self._over_processes(objective.method.num_targets(batch), int(batch.lengths.sum()))
        self.tokens += tokens
        total: dict[str, Tensor] = {}
        for part in self._parts(batch):
            share = objective.method.num_targets(part) / max(1, num_targets)
            terms = self._part_gradients(index, part.to(self.accelerator.device), share)
            for name, value in terms.items():
                total[name] = total.get(name, value.new_zeros(())) + value.detach() * share
        return {f"{objective.name}.{name}" if name != objective.name else name: v for name, v in total.items()}

    def _part_gradients(self, index: int, part: Batch, share: float) -> Terms:
        objective = self.objectives[index]

        def backward(terms: Terms) -> None:
            self.accelerator.backward(objective.weight * share * torch.stack(list(terms.values())).sum())

        device = self.accelerator.device.type
        with torch.autocast(device, torch.bfloat16, enabled=self.table.precision == "bfloat16"):
            return objective.method.step(self.model, part, backward, self._extra(index))

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
        if self.accelerator.num_processes > 1 and not objective.method.gathers:
            raise RecipeError(
                f"{self.stage}: '{objective.name}' scores each example against the rest of its batch, and does not "
                "gather the batches of other processes; run this stage in one process"
            )

    def _over_processes(self, *counts: int) -> Sequence[int]:
        """Return the sums of numbers over processes."""
        if self.accelerator.num_processes == 1:
            return counts
        own = torch.tensor(counts, device=self.accelerator.device)
        return [int(count) for count in self.accelerator.reduce(own, reduction="sum")]

    def _sum_over_processes(self) -> None:
        """Add gradients up over processes; methods call any part of the model, so no wrapper could hook a forward."""
        if self.accelerator.num_processes == 1:
            return
        for parameter in self._trained():
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            parameter.grad = self.accelerator.reduce(gradient, reduction="sum")

    def _log_step(self, step: int, terms: dict[str, Tensor], norm: Tensor) -> None:
        if step % logged_every(self.steps) and step + 1 != self.steps:
            self.on_step(step + 1, {})
            return
        values = self._values(terms)
        self._check_finite(step, values, norm)
        self._append(
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

    def _values(self, terms: dict[str, Tensor]) -> dict[str, float]:
        """Return the terms over all processes."""
        summed = (self.accelerator.reduce(value.float(), reduction="sum") for value in terms.values())
        return {name: float(value) for name, value in zip(terms, summed, strict=True)}

    def _check_finite(self, step: int, values: dict[str, float], norm: Tensor) -> None:
        if not np.isfinite([*values.values(), float(norm)]).all():
            raise TrainingError(
                f"{self.stage}: step {step + 1}: the loss or its gradient is not finite ({values}, gradient norm "
                f"{float(norm)}); a lower learning_rate (now {self.table.learning_rate}) or a longer warm-up "
                f"helps most often{self._kept()}"
            )

    def _append(self, line: dict[str, Any]) -> None:
        if self.accelerator.is_main_process:
            self.log.append(line)

    def _checkpoint(self, step: int) -> None:
        if self.selector is None or self.evaluate is None or step not in self.selector.checkpoints:
            return
        self.module.eval()
        scores = self.evaluate()
        targets = self.oracle() if self.oracle else {}
        self.module.train()
        self._append({"stage": self.stage, "step": step, "dev": scores} | ({"target_dev": targets} if targets else {}))
        target = sum(targets.values()) / len(targets) if targets else None
        self.selector.take(step, next(iter(scores.values())), self.module.state_dict(), target)

    def _measured(self, step: int) -> bool:
        return self.health is not None and self.health.due(step, self.steps)

    def _watch(self, step: int) -> None:
        """Measure the encoder's health if it is time, and stop where it has collapsed."""
        if self.health is None or not self._measured(step):
            return
        self.module.eval()
        measures = self.health.measure()
        self.module.train()
        cosines = {"gradient_cosine": self.cosines} if self.cosines else {}
        self._append({"stage": self.stage, "step": step, "health": {**measures, **cosines}})
        if step == 0:
            self.health.first = measures
        collapse = self.health.collapse(measures)
        if collapse is None:
            self.healthy = step
        elif self.health.stop:
            if self.accelerator.is_main_process:
                checkpoint.drop_after(self.states, self.healthy)
            raise TrainingError(
                f"{self.stage}: step {step}: the encoder has collapsed: {collapse}. A lower learning_rate (now "
                f"{self.table.learning_rate}), a masked-language-modelling objective beside this one, or a smaller "
                f"weight helps most often; stop_on_collapse = false trains on{self._kept()}"
            )

    def _kept(self) -> str:
        states = checkpoint.saved(self.states)
        return f". The last good state is {states[-1]}" if states else ""

    def _choices(self) -> dict[str, Weights]:
        last = self.module.state_dict()
        if self.selector is None:
            return {"last": last}
        # A copy: loading another rule's weights into the module would write over the last ones.
        return self.selector.choices({name: weight.clone() for name, weight in last.items()})

    def _save(self, step: int, optimizer: torch.optim.Optimizer) -> None:
        if not self.accelerator.is_main_process:
            return
        state = {
            "step": step,
            "module": self.module.state_dict(),
            "extras": self.auxiliaries.state_dict(),
            "optimizer": optimizer.state_dict(),
            "selector": self.selector.state() if self.selector else {},
            "health": self.health.first if self.health else {},
            "healthy": self.healthy,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "log": self.log.offset(),
        }
        checkpoint.save(self.states, step, state, keep=self.healthy)

    def _restore(self, optimizer: torch.optim.Optimizer) -> int:
        state = checkpoint.load_latest(self.states, self.accelerator.device)
        if state is None:
            if self.accelerator.is_main_process:
                self.log.truncate(0)
            return 0
        self.module.load_state_dict(state["module"])
        self.auxiliaries.load_state_dict(state["extras"])
        optimizer.load_state_dict(state["optimizer"])
        if self.selector:
            self.selector.restore(state["selector"])
        if self.health:
            self.health.first = state["health"]
        self.healthy, self.tokens, self.seconds = state["healthy"], state["tokens"], state["seconds"]
        if self.accelerator.is_main_process:
            self.log.truncate(state["log"])
        return int(state["step"])


def _seed(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)
