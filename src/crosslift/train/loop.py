"""The one training loop; accelerate is imported only here.

A step is a pure function of the weights, the optimizer's state, the seed and the number of the step: order, masks and
dropout are seeded by (seed, step).  So a loop that is killed and resumed ends with the same bits.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from crosslift.encoder.seeding import seeded
from crosslift.errors import RunError, TrainingError
from crosslift.recipe import TrainTable
from crosslift.train import checkpoint
from crosslift.train.gradients import Gradients, derived_seed
from crosslift.train.health import GradientCosines, Health, logged_every
from crosslift.train.objective import Objective
from crosslift.train.optimizer import adamw, schedule
from crosslift.train.selection import Selector, Weights
from crosslift.train.step_log import Log, check_finite


@dataclass(frozen=True)
class Trained:
    """The result of a loop: weights by selection rule, and the cost of training."""

    weights: dict[str, Weights]
    steps: int
    tokens: int
    seconds: float


def join_processes() -> Accelerator:
    """Connect to the other processes, if a launcher started several; each gets its own device.

    Raises:
        RunError: the processes did not find each other.
    """
    started = int(os.environ.get("WORLD_SIZE", "1"))
    # Without `cpu`, accelerate takes processes without a GPU for separate runs unless its own launcher started them.
    accelerator = Accelerator(cpu=started > 1 and not torch.accelerator.is_available())
    if accelerator.num_processes != started:
        raise RunError(
            f"a launcher started {started} processes (WORLD_SIZE), but {accelerator.num_processes} train together; "
            "start one process, or see `accelerate env` for what is missing"
        )
    return accelerator


@dataclass
class Loop:
    """Trains `module` on objectives.

    Args:
        model: the model that methods receive: an Encoder or a TaskModel.
        module: has the parameters to train and save.
        objectives: at least one; each step draws a batch of each and sums the gradients.
        table: the stage's settings.
        steps: optimizer steps.
        seed: seed of order, masks and dropout.
        stage: name of the stage in the log.
        states: directory of resumable states; the loop resumes from a state found there.
        log: receives a line per logged step.
        selector: keeps weights for the selection rules; None if only the last weights are used.
        evaluate: returns source-dev scores (higher is better, the first decides); called at the selector's checkpoints.
        oracle: returns target-dev scores, called there too; the selector keeps the weights with the best mean.
        health: measures the encoder at intervals; None for never.
        on_step: called after each step with the number of steps done, and the terms of logged steps.
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
    """Auxiliary modules of methods, by the index of their objective; dropped with the loop."""
    cosines: dict[str, float] = field(default_factory=dict, init=False)
    """Cosines of the objectives' gradients at the last measurement of health."""
    healthy: int = field(default=0, init=False)
    """The last step after which the encoder was found healthy."""

    def __post_init__(self) -> None:
        self.accelerator = join_processes()
        for objective in self.objectives:
            objective.check_whole_batches(self.table, stage=self.stage, processes=self.accelerator.num_processes)

    def run(self) -> Trained:
        """Train to the last step, from a saved state if there is one.

        Raises:
            TrainingError: a loss or gradient is not finite, or the encoder collapsed.
            StorageError: too little disk space for a state.
        """
        self.module.to(self.accelerator.device).train()
        self.create_auxiliaries()
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

    def create_auxiliaries(self) -> None:
        """Make what each method trains or keeps next to the model, each with a separate seed."""
        for index, objective in enumerate(self.objectives):
            with seeded(derived_seed(self.seed, index)):
                auxiliary = objective.method.auxiliary_module(self.model)
            if auxiliary is not None:
                self.auxiliaries[str(index)] = auxiliary
        self.auxiliaries.to(self.accelerator.device).train()

    def _trained(self) -> list[nn.Parameter]:
        parameters = chain(self.module.parameters(), self.auxiliaries.parameters())
        return [parameter for parameter in parameters if parameter.requires_grad]

    def _step(self, step: int, optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], Tensor]:
        """Take a step; return its scalar terms and the norm of the gradient, a scalar."""
        torch.manual_seed(derived_seed(self.seed, step, self.accelerator.process_index))
        for group in optimizer.param_groups:
            group["lr"] = self._learning_rate(step)
        optimizer.zero_grad(set_to_none=True)
        gradients = Gradients(self.model, self.objectives, self.auxiliaries, self.table, self.seed, self.accelerator)
        terms = self._accumulate(step, gradients)
        gradients.sum_over_processes(self._trained())
        norm = nn.utils.clip_grad_norm_(self._trained(), self.table.clip_norm or float("inf"))
        optimizer.step()
        with torch.no_grad():
            for index, objective in enumerate(self.objectives):
                objective.method.after_step(self.model, gradients.auxiliary(index))
        return terms, norm

    def _accumulate(self, step: int, gradients: Gradients) -> dict[str, Tensor]:
        """Add the gradients of all objectives, and compare them where health is measured."""
        comparable = len(self.objectives) > 1 and self._is_measured(step + 1)
        compared = GradientCosines(self._trained()) if comparable else None
        terms: dict[str, Tensor] = {}
        for index, objective in enumerate(self.objectives):
            added, tokens = gradients.add(step, index)
            terms |= added
            self.tokens += tokens
            if compared:
                compared.take(objective.name)
        self.cosines = compared.cosines() if compared else {}
        return terms

    def _learning_rate(self, step: int) -> float:
        return self.table.learning_rate * schedule(step, self.steps, self.table.warmup_fraction)

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
                "learning_rate": self._learning_rate(step),
                "gradient_norm": float(norm),
            }
        )
        self.on_step(step + 1, values)

    def _values(self, terms: dict[str, Tensor]) -> dict[str, float]:
        """Return the terms, summed over processes."""
        summed = (self.accelerator.reduce(value.float(), reduction="sum") for value in terms.values())
        return {name: float(value) for name, value in zip(terms, summed, strict=True)}

    def _check_finite(self, step: int, values: dict[str, float], norm: Tensor) -> None:
        where, rate = f"{self.stage}: step {step + 1}", self.table.learning_rate
        check_finite(values, float(norm), where=where, learning_rate=rate, hint=self._last_state())

    def _append(self, line: dict[str, Any]) -> None:
        if self.accelerator.is_main_process:
            self.log.append(line)

    def _checkpoint(self, step: int) -> None:
        """Score the weights and offer them to the selector, if a checkpoint is due."""
        if self.selector is None or self.evaluate is None or step not in self.selector.checkpoints:
            return
        self.module.eval()
        scores = self.evaluate()
        targets = self.oracle() if self.oracle else {}
        self.module.train()
        self._append({"stage": self.stage, "step": step, "dev": scores} | ({"target_dev": targets} if targets else {}))
        target = sum(targets.values()) / len(targets) if targets else None
        self.selector.take(step, next(iter(scores.values())), self.module.state_dict(), target)

    def _is_measured(self, step: int) -> bool:
        return self.health is not None and self.health.due(step, self.steps)

    def _watch(self, step: int) -> None:
        """Measure the encoder's health if that is due, and stop if it has collapsed."""
        if self.health is None or not self._is_measured(step):
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
                f"{self.table.learning_rate}), a masked-language-modelling objective as well, or a smaller weight "
                f"helps most often; stop_on_collapse = false trains on{self._last_state()}"
            )

    def _last_state(self) -> str:
        states = checkpoint.saved(self.states)
        return f". The last good state is {states[-1]}" if states else ""

    def _choices(self) -> dict[str, Weights]:
        last = self.module.state_dict()
        if self.selector is None:
            return {"last": last}
        # a copy, since loading the weights of another rule into the module would overwrite the last ones
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
        """Restore the newest state, if there is one; return the number of steps done."""
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
