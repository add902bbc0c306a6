"""Arithmetic of merging: functions of dictionaries of weights.

All take models with the same names and shapes, compute in float64 and return the first argument's types.  A *task
vector* is the change by training: tau = theta - theta_0.

==================  ====================================================================================================
average             sum_i w_i theta_i / sum_i w_i; runs with one frozen head, or checkpoints of one run (Schmidt et al.
                    2023, arXiv 2305.16834)
task arithmetic     theta_0 + sum_i a_i tau_i (Ilharco et al. 2023, arXiv 2212.04089)
TIES                trim each tau, elect a sign per weight, average those that agree (Yadav et al. 2023, arXiv
                    2306.01708)
DARE                drop entries of each tau at random, rescale the rest, then task arithmetic (Yu et al. 2024, arXiv
                    2311.03099)
==================  ====================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

Weights = Mapping[str, Tensor]


def average(models: Sequence[Weights], factors: Sequence[float]) -> dict[str, Tensor]:
    """Return the mean of the models' weights (rows, ...), with `factors` that need not sum to 1."""
    total = sum(factors)
    return {
        name: (_sum([model[name] for model in models], factors) / total).to(weight.dtype)
        for name, weight in models[0].items()
    }


def task_arithmetic(base: Weights, models: Sequence[Weights], factors: Sequence[float]) -> dict[str, Tensor]:
    """Return the base plus the models' task vectors (rows, ...) times `factors`.

    It is computed as (1 - sum_i a_i) theta_0 + sum_i a_i theta_i, so one model with factor 1 is returned bit for bit.
    """
    return {
        name: _sum([weight, *(model[name] for model in models)], [1 - sum(factors), *factors]).to(weight.dtype)
        for name, weight in base.items()
    }


def ties(base: Weights, models: Sequence[Weights], factors: Sequence[float], *, density: float) -> dict[str, Tensor]:
    """Return the base plus the changes (rows, ...) on whose sign the models agree.

    Args:
        base: theta_0.
        models: theta_i.
        factors: factors of the trimmed task vectors; equal ones are lambda in the paper.
        density: share of the weights whose changes are kept, the largest of each task vector.
    """
    smallest = [_smallest_kept(base, model, density) for model in models]

    def merged(name: str, weight: Tensor) -> Tensor:
        taus = [model[name].double() - weight.double() for model in models]
        kept = [
            factor * torch.where(tau.abs() >= least, tau, 0)
            for tau, factor, least in zip(taus, factors, smallest, strict=True)
        ]
        return (weight.double() + disjoint_mean(torch.stack(kept))).to(weight.dtype)

    return {name: merged(name, weight) for name, weight in base.items()}


def disjoint_mean(taus: Tensor) -> Tensor:
    """Return the mean, per weight, of the task vectors that have the sign of their sum; 0 where they cancel out.

    Args:
        taus: (models, ...), trimmed.

    Returns:
        (...).
    """
    agree = (taus.sign() == taus.sum(dim=0).sign()) & (taus != 0)
    return torch.where(agree, taus, 0).sum(dim=0) / agree.sum(dim=0).clamp(min=1)


def dare(
    base: Weights,
    models: Sequence[Weights],
    factors: Sequence[float],
    *,
    density: float,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """Return task arithmetic of models with a random share of their changes (rows, ...) dropped and the rest rescaled.

    Args:
        base: theta_0.
        models: theta_i.
        factors: a_i.
        density: share of changes that are kept, 1 - p in the paper; they are divided by it, which preserves the mean.
        generator: draws the dropped changes, on the CPU, model by model, in the order of the names.
    """
    dropped = [
        {name: _dropped(base[name], model[name], density, generator) for name in base} for model in models
    ]  # float64
    return task_arithmetic(base, dropped, factors)


def _dropped(weight: Tensor, moved: Tensor, density: float, generator: torch.Generator) -> Tensor:
    keep = torch.rand(weight.shape, generator=generator).to(weight.device) < density
    start = weight.double()
    return torch.where(keep, (1 - 1 / density) * start + moved.double() / density, start)


def _sum(tensors: Sequence[Tensor], factors: Sequence[float]) -> Tensor:
    total = factors[0] * tensors[0].double()
    for tensor, factor in zip(tensors[1:], factors[1:], strict=True):
        total += factor * tensor.double()
    return total


def _smallest_kept(base: Weights, model: Weights, density: float) -> float:
    """Return the size of the smallest change that is kept."""
    sizes = torch.cat([(model[name].double() - weight.double()).abs().flatten() for name, weight in base.items()])
    dropped = len(sizes) - max(1, round(density * len(sizes)))
    return float(sizes.kthvalue(dropped + 1).values)
