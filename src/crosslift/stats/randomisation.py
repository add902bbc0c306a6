"""p-values from swapping: were the two systems the same, any swap of their outputs would be as likely.

Runs are swapped where there are several: those of one seed within their pair, others at will.  The null is strict
(both recipes train the same models, on average and in spread), it knows nothing of other test items, and with few
runs p cannot be small: 2/8 at the least for 3 pairs, 2/32 for 5, 2/252 for 5 and 5 that are no pairs.  With one run a
side, items are swapped, and the null is that both models do the same on items like these.  Noreen 1989, Computer
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
        baseline: a score a run.
        system: likewise; of the same seeds in the same order if `paired`.
        paired: swap within pairs only.
        draws: arrangements drawn where there are too many to try all.
        generator: of those draws.
    """
    swapped = _signs(system - baseline, draws, generator) if paired else _splits(baseline, system, draws, generator)
    return of_differences(float(system.mean() - baseline.mean()), *swapped)


def of_differences(observed: float, differences: NDArray[np.float64], exact: bool) -> Randomisation:
    """Return the p-value of a difference among those of rearrangements, which hold it themselves if they are all."""
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
