"""Which weights a stage ends with: best on source development data, the last, or the mean of the last checkpoints.

English development data is a known trap for choosing checkpoints (Keung et al. 2020, arXiv 2004.15001), and plain
averaging often beats it (Schmidt et al. 2023, arXiv 2310.10532), so every rule is kept and scored side by side.  A run
that asks for it also keeps what target development data would choose: an upper bound, not zero-shot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

Weights = dict[str, torch.Tensor]


def evaluation_steps(steps: int, evaluations: int) -> list[int]:
    """Return the steps, counted from 1, after which a checkpoint is taken: evenly spaced, the last one included.

    >>> evaluation_steps(10, 4)
    [2, 5, 8, 10]
    """
    return sorted({max(1, round(steps * (index + 1) / evaluations)) for index in range(evaluations)} if steps else ())


@dataclass
class Selector:
    """Keeps what the rules need: one copy for the best, one for the sum of the last `average_last`.

    One more copy is the oracle's, if target scores come and it chose another checkpoint.
    """

    checkpoints: list[int]
    """Steps at which `take` is called."""
    average_last: int
    best_score: float = float("-inf")
    best: Weights = field(default_factory=dict)
    total: Weights = field(default_factory=dict)
    averaged: int = 0
    target_score: float = float("-inf")
    target: Weights = field(default_factory=dict)

    def take(self, step: int, score: float, weights: Weights, target: float | None = None) -> None:
        """Take the checkpoint after `step`, with its source-dev score and, for the oracle, its target-dev score."""
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
        """Return the weights of every rule."""
        average = {
            name: (self.total[name] / self.averaged).to(weight.dtype) if name in self.total else weight
            for name, weight in last.items()
        }
        oracle = {"target-dev": self.target} if self.target else {}
        return {"source-dev": self.best or last, "last": last, "average": average, **oracle}

    def state(self) -> dict[str, Any]:
        """Return what a resumed loop needs."""
        return {
            "best_score": self.best_score,
            "best": dict(self.best),
            "total": dict(self.total),
            "averaged": self.averaged,
            "target_score": self.target_score,
            "target": dict(self.target),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up where a saved state stood."""
        self.best_score, self.best = state["best_score"], state["best"]
        self.total, self.averaged = state["total"], state["averaged"]
        self.target_score, self.target = state["target_score"], state["target"]


def _copy(weights: Weights) -> Weights:
    return {name: weight.detach().clone() for name, weight in weights.items()}
