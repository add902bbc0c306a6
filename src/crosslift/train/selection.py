"""Selection of a stage's final weights: best on source dev data, last, or the mean of the last checkpoints.

Selection on English dev data is known to be unreliable (Keung et al. 2020, arXiv 2004.15001), and plain averaging often
beats it (Schmidt et al. 2023, arXiv 2310.10532), so the weights of every rule are kept and scored.  If asked, selection
on target dev data is kept too: an upper bound, not zero-shot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

Weights = dict[str, torch.Tensor]


def evaluation_steps(steps: int, evaluations: int) -> list[int]:
    """Return the steps, counted from 1, after which a checkpoint is taken: evenly spaced, including the last step.

    >>> evaluation_steps(10, 4)
    [2, 5, 8, 10]
    """
    return sorted({max(1, round(steps * (index + 1) / evaluations)) for index in range(evaluations)} if steps else ())


@dataclass
class Selector:
    """Keeps a copy of the best weights, and the sum of the last `average_last` checkpoints.

    Selection on target dev data keeps another copy if it chooses another checkpoint.
    """

    checkpoints: list[int]
    """Steps at which `take` is called."""
    average_last: int
    """Number of last checkpoints in the average."""
    best_score: float = float("-inf")
    best: Weights = field(default_factory=dict)
    total: Weights = field(default_factory=dict)
    averaged: int = 0
    target_score: float = float("-inf")
    target: Weights = field(default_factory=dict)

    def take(self, step: int, score: float, weights: Weights, target: float | None = None) -> None:
        """Take a checkpoint.

        Args:
            step: step after which it is taken.
            score: source-dev score; higher is better.
            weights: by name, each in its parameter's shape (rows, ...); copied if a rule keeps them.
            target: target-dev score, for selection on target dev data.
        """
        copied: Weights = {}
        if score > self.best_score:
            self.best_score, self.best = score, (copied := _copy(weights))
        if target is not None and target > self.target_score:
            self.target_score, self.target = target, copied or _copy(weights)
        if step in self.checkpoints[-self.average_last :]:
            self.averaged += 1
            for name, weight in weights.items():
                if weight.is_floating_point():
                    addend = weight.detach().double().cpu()
                    self.total[name] = self.total[name] + addend if name in self.total else addend

    def choices(self, last: Weights) -> dict[str, Weights]:
        """Return the weights of every rule, by its name.

        Args:
            last: weights after the last step, by name, each in its parameter's shape (rows, ...).
        """
        average = {
            name: (self.total[name] / self.averaged).to(weight.dtype) if name in self.total else weight
            for name, weight in last.items()
        }
        on_target = {"target-dev": self.target} if self.target else {}
        return {"source-dev": self.best or last, "last": last, "average": average, **on_target}

    def state(self) -> dict[str, Any]:
        """Return the state that `restore` takes."""
        return {
            "best_score": self.best_score,
            "best": dict(self.best),
            "total": dict(self.total),
            "averaged": self.averaged,
            "target_score": self.target_score,
            "target": dict(self.target),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""
        self.best_score, self.best = state["best_score"], state["best"]
        self.total, self.averaged = state["total"], state["averaged"]
        self.target_score, self.target = state["target_score"], state["target"]


def _copy(weights: Weights) -> Weights:
    return {name: weight.detach().clone() for name, weight in weights.items()}
