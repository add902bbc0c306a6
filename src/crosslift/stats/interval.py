"""Effect of one system against another, with chance in the test items and chance in the training runs.

The score of run k is that of the system, plus what its seed did, plus what the drawn items did (in all runs alike,
and in this run alone).  Resampling 3 or 5 seeds, as a plain hierarchical bootstrap does, gives intervals that are too
short: 5 seeds vary by a fifth less in a resample than in truth, 3 by a third, and the quantiles of the normal
distribution do not know that a spread over so few is itself uncertain.  So:

1. Items are resampled within runs within languages, always the same ones in all runs (bootstrap).  The variance of
   the mean over runs between the draws is that of the items; how far runs drift apart within a draw is what items do
   in one run alone.
2. The variance between runs, over their number, holds what seeds do and what items do in one run alone.  The sum of
   both variances counts the latter twice, so it is taken off once (random effects of two crossed factors), but never
   more of it than the runs show: few seeds that happen to score alike do not make the error smaller than that of the
   items alone.
3. The interval is that of the Behrens-Fisher problem: a part that few seeds estimate plus a part that many items
   estimate (`stats.behrens_fisher`).  It never leaves out a true effect more often than its level says.

`experiments/interval_coverage.py` measures what comes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.stats.behrens_fisher import Part, exceeding, half_width

CONFIDENCE = 0.95
POWER = 0.8
SAME = 1e-12
"""Variance between scores, in squared points, that is rounding."""


@dataclass(frozen=True)
class Scores:
    """Scores of a system's runs.

    Args:
        observed: on the items as they are, shape (runs,).
        resampled: on bootstrap samples of the items, the same for all systems, shape (draws, runs).
    """

    observed: NDArray[np.float64]
    resampled: NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """What is known of an effect; `detectable` would be found in four of five such experiments."""

    effect: float
    standard_error: float
    low: float
    high: float
    p: float
    detectable: float


def estimate(baseline: Scores, system: Scores, *, paired: bool, items: int) -> Estimate:
    """Return the mean of the system less that of the baseline, with its 95% interval.

    With one run on both sides there is chance in the items alone, and the estimate is about these two models.

    Args:
        baseline: runs of the one.
        system: runs of the other, on the same draws.
        paired: run k of both shares its seed, and with it whatever the seed decides.
        items: how many there are to draw from.
    """
    effect = float(system.observed.mean() - baseline.observed.mean())
    return summarised(effect, error_parts(baseline, system, paired=paired, items=items))


def error_parts(baseline: Scores, system: Scores, *, paired: bool, items: int) -> list[Part]:
    """Return the parts of the variance of the difference of means: of seeds, if there are several, and of items."""
    if paired:
        sides = [Scores(system.observed - baseline.observed, system.resampled - baseline.resampled)]
    else:
        sides = [baseline, system]
    signs = (-1, 1)[-len(sides) :]
    drawn = sum(sign * side.resampled.mean(axis=1) for sign, side in zip(signs, sides, strict=True))
    own = sum((_own(side.resampled) for side in sides), start=0.0)
    whole = float(np.var(drawn, ddof=1))
    seeds = _seeds([side.observed for side in sides])
    if not seeds:
        return [Part(whole, max(1, items - 1))]
    between = _together(seeds)
    return [between, Part(max(0.0, whole - min(own, between.variance)), max(1, items - 1))]


def _own(resampled: NDArray[np.float64]) -> float:
    """Return the variance of the mean over runs by what items do in one run alone."""
    runs = resampled.shape[1]
    if runs == 1:
        return 0.0
    deviations = resampled - resampled.mean(axis=0)
    return float(deviations.var(axis=1, ddof=1).mean() / runs)


def _seeds(sides: Sequence[NDArray[np.float64]]) -> list[Part]:
    """Return the parts of variance between runs; a side of one run is taken to vary as the other side does."""
    known = [side for side in sides if len(side) > 1]
    if len(known) == len(sides):
        return [Part(float(side.var(ddof=1)) / len(side), len(side) - 1) for side in sides]
    return [Part(float(side.var(ddof=1)) * (1 + 1 / len(side)), len(side) - 1) for side in known]


def summarised(effect: float, parts: Sequence[Part]) -> Estimate:
    """Return the interval and p-value of an effect whose error has these parts."""
    error = float(np.sqrt(sum(part.variance for part in parts)))
    half = half_width(parts, 1 - CONFIDENCE)
    detectable = half + half_width(parts, 2 * (1 - POWER))
    return Estimate(effect, error, effect - half, effect + half, p_value(effect, parts), detectable)


def _together(parts: Sequence[Part]) -> Part:
    """Return the sum of parts, with Satterthwaite's degrees of freedom (of two sides of seeds: Welch's test)."""
    total = sum(part.variance for part in parts)
    if total <= SAME:
        return Part(0.0, min(part.degrees for part in parts))
    return Part(total, total**2 / sum(part.variance**2 / part.degrees for part in parts))


def p_value(effect: float, parts: Sequence[Part]) -> float:
    """Return the two-sided p-value: below 0.05 exactly where the 95% interval leaves out zero.

    Where nothing varies, it is 1 for no effect, and not a number for any other.
    """
    if all(part.variance == 0 for part in parts):
        return 1.0 if effect == 0 else float("nan")
    return 1.0 if effect == 0 else exceeding(parts, abs(effect))
