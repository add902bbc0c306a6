"""The distribution of a sum of two independent Student variables, that of the Behrens-Fisher problem.

The error of an effect is the sum of a part that few seeds estimate and a part that many items estimate.  Its tail,
P(|s1 T1 + s2 T2| > x), has no closed form; given the chi-squared variables under both T's the sum is normal, so it is a
double integral of a smooth function over their logarithms, where the trapezoidal rule converges geometrically.
Behrens 1929; Fisher 1935, The fiducial argument in statistical inference.  Tests based on it never reject more often
than their level says (Robinson 1976, Annals of Statistics 4(5)).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEP = 0.4
"""Between nodes on the scale of the logarithm, where a chi-squared variable of few degrees of freedom is wide."""
_REACH = 40.0
"""Logarithm of how much smaller than its peak the density may be where integration ends."""
_DEVIATIONS = 9.0
"""Standard deviations that are integrated over where degrees of freedom are many."""


@dataclass(frozen=True)
class Part:
    """A part of an error's variance, and the degrees of freedom that it was estimated with."""

    variance: float
    degrees: float


def exceeding(parts: Sequence[Part], size: float) -> float:
    """Return the probability that an error with these parts is larger than `size` in absolute value.

    Args:
        parts: one or two; those without variance are ignored.
        size: above 0, in the unit of the error.
    """
    from scipy.special import erfc, stdtr

    varying = [part for part in parts if part.variance > 0]
    if not varying:
        return 0.0
    if len(varying) == 1:
        return float(2 * stdtr(varying[0].degrees, -size / math.sqrt(varying[0].variance)))
    first, second = (_scaled(part, size) for part in varying)
    variance = first[0][:, None] + second[0][None, :]
    return min(1.0, float(first[1] @ erfc(size / np.sqrt(2 * variance)) @ second[1]))


def half_width(parts: Sequence[Part], probability: float) -> float:
    """Return the size that an error with these parts exceeds with a probability; 0 where nothing varies.

    Args:
        parts: as for `exceeding`.
        probability: two-sided, between 0 and 1.
    """
    from scipy.optimize import brentq
    from scipy.special import stdtrit

    varying = [part for part in parts if part.variance > 0]
    if not varying:
        return 0.0
    single = [math.sqrt(part.variance) * -float(stdtrit(part.degrees, probability / 2)) for part in varying]
    if len(single) == 1:
        return single[0]
    # The sum is wider than either part, and at most as wide as both added up with twice the care.
    low, high = max(single) / 2, 2 * sum(single)
    return float(brentq(lambda size: exceeding(varying, size) - probability, low, high, xtol=1e-12 * high, rtol=1e-12))


def _scaled(part: Part, size: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return variances that the part's error may have, shape (nodes,), and their probabilities.

    The error is normal with variance `part.variance / W`, where W is chi-squared over its degrees of freedom.
    """
    logarithm = _nodes(part.degrees, math.log(part.variance) - 2 * math.log(size))
    half = part.degrees / 2
    density = half * (math.log(half) + logarithm - np.exp(logarithm)) - math.lgamma(half)
    return part.variance * np.exp(-logarithm), np.exp(density) * (logarithm[1] - logarithm[0])


def _nodes(degrees: float, turn: float) -> NDArray[np.float64]:
    """Return equally spaced logarithms of W; errors as large as `size` need W as small as exp(`turn`)."""
    spread = math.sqrt(2 / degrees)
    low = min(-_DEVIATIONS * spread, turn) - 2 * _REACH / degrees
    high = math.log1p(2 * _REACH / degrees) + min(1.0, _DEVIATIONS * spread)
    return np.linspace(low, high, 2 + math.ceil((high - low) / min(_STEP, spread / 2)))
