"""Merging weights: functions of dictionaries of tensors.

All take models of equal names and shapes, compute in float64 and return the first argument's types.  A *task vector* is
what training changed: tau = theta - theta_0.

==================  ====================================================================================================
average             sum_i w_i theta_i / sum_i w_i; runs with one frozen head, or checkpoints of one run (Schmidt et al.
                    2023, arXiv 2305.16834)
task arithmetic     theta_0 + sum_i a_i tau_i (Ilharco et al. 2023, arXiv 2212.04089)
TIES                trim each tau, elect a sign for every weight, mean over those that agree (Yadav et al. 2023, arXiv
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
    """Return the mean of the models, weighted by `factors`, whose sum need not be 1."""
    total = sum(factors)
    return {
        name: (_sum([model[name] for model in models], factors) / total).to(weight.dtype)
        for name, weight in models[0].items()
    }


def task_arithmetic(base: Weights, models: Sequence[Weights], factors: Sequence[float]) -> dict[str, Tensor]:
    """Return the base moved by the models' task vectors times `factors`.

    Computed as (1 - sum_i a_i) theta_0 + sum_i a_i theta_i, so that one model with factor 1 comes out bit for bit.
    """
    return {
        name: _sum([weight, *(model[name] for model in models)], [1 - sum(factors), *factors]).to(weight.dtype)
        for name, weight in base.items()
    }


def ties(base: Weights, models: Sequence[Weights], factors: Sequence[float], *, density: float) -> dict[str, Tensor]:
    """Return the base moved by what the models agree on.

    Args:
        base: theta_0.
        models: theta_i.
        factors: of the trimmed task vectors; equal ones are the paper's lambda.
        density: share of each task vector, over all weights together, that is kept: those that changed most.
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
    """Return, for each weight, the mean of the task vectors that have the sign of their sum; 0 where they cancel.

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
    """Return task arithmetic of models of which a random share of changes is dropped and the rest rescaled.

    Args:
        base: theta_0.
        models: theta_i.
        factors: a_i.
        density: share of changes kept, 1 - p in the paper; the rest is divided by it, so that the mean stays.
        generator: of what is dropped; drawn on the CPU, model after model, in the order of the names.
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
    """Return the magnitude of the smallest change among the largest `density` of all."""
    sizes = torch.cat([(model[name].double() - weight.double()).abs().flatten() for name, weight in base.items()])
    dropped = len(sizes) - max(1, round(density * len(sizes)))
    return float(sizes.kthvalue(dropped + 1).values)
