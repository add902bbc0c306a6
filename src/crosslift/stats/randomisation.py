"""Randomisation tests: if the two systems were the same, any swap of their outputs would be equally likely.

With several runs per system, runs are swapped: within pairs of one seed, or freely where seeds differ.  The null is
strict (both recipes train the same models, in mean and in spread) and says nothing about other test items, and with few
runs p cannot be small: at least 2/8 for 3 pairs, 2/32 for 5, 2/252 for 5 and 5 unpaired runs.  With one run per system,
items are swapped, and the null is that both models do equally well on items like these.  Noreen 1989, Computer
intensive methods for testing hypotheses; Yeh 2000, More accurate tests for the statistical significance of result
differences.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EXACT = 10_000
"""Arrangements up to which all are tried."""


@dataclass(frozen=True)
class Randomisation:
    """A two-sided p-value, the number of arrangements behind it, and whether those are all there are."""

    p: float
    arrangements: int
    exact: bool


def swap_runs(
    baseline: NDArray[np.float64],
    system: NDArray[np.float64],
    *,
    paired: bool,
    draws: int = EXACT,
    generator: np.random.Generator,
) -> Randomisation:
    """Return the p-value of the difference of means under swaps of runs.

    Args:
        baseline: one score per run, shape (runs,).
        system: the same of the other system, shape (runs,); of the same seeds in the same order if `paired`.
        paired: swap within pairs only.
        draws: arrangements drawn where there are too many to try all.
        generator: of those draws.
    """
    swapped = _signs(system - baseline, draws, generator) if paired else _splits(baseline, system, draws, generator)
    return of_differences(float(system.mean() - baseline.mean()), *swapped)


def of_differences(observed: float, differences: NDArray[np.float64], exact: bool) -> Randomisation:
    """Return the p-value of a difference, given those of rearrangements.

    Args:
        observed: the difference of means, in points.
        differences: the same of each rearrangement, shape (arrangements,); they include the observed one if `exact`.
        exact: these are all rearrangements there are.
    """
    extreme = int((np.abs(differences) >= abs(observed) - 1e-9).sum())
    count = len(differences)
    return Randomisation(extreme / count if exact else (extreme + 1) / (count + 1), count, exact)


def _signs(pairs: NDArray[np.float64], draws: int, generator: np.random.Generator) -> tuple[NDArray[np.float64], bool]:
    exact = 2 ** len(pairs) <= EXACT
    if exact:
        signs = np.array(list(itertools.product((-1, 1), repeat=len(pairs))))
    else:
        signs = generator.choice((-1, 1), size=(draws, len(pairs)))
    return signs @ pairs / len(pairs), exact


def _splits(
    baseline: NDArray[np.float64], system: NDArray[np.float64], draws: int, generator: np.random.Generator
) -> tuple[NDArray[np.float64], bool]:
    both, size = np.concatenate([baseline, system]), len(baseline)
    exact = math.comb(len(both), size) <= EXACT
    if exact:
        chosen = np.array(list(itertools.combinations(range(len(both)), size)))
    else:
        chosen = generator.random((draws, len(both))).argsort(axis=1)[:, :size]
    first = both[chosen].sum(axis=1)
    return (both.sum() - first) / len(system) - first / size, exact
