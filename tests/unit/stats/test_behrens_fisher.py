"""The sum of two Student variables against numerical integration, and against one of them alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from crosslift.stats.behrens_fisher import Part, exceeding, half_width


def integrated(parts, size):
    """Return the same by adaptive quadrature over the second variable."""
    (wide, few), (scale, many) = ((np.sqrt(part.variance), part.degrees) for part in parts)

    def tails(value):
        lower, upper = (stats.t.cdf((-size + sign * scale * value) / wide, few) for sign in (-1, 1))
        return stats.t.pdf(value, many) * (lower + upper)

    edges = sorted({-40.0, -min(40.0, size / scale), 0.0, min(40.0, size / scale), 40.0})
    return sum(integrate.quad(tails, low, high, epsabs=0, epsrel=1e-10, limit=400)[0] for low, high in pairwise(edges))


@pytest.mark.parametrize("few", [1, 1.3, 2, 2.58734899, 4, 9, 20])
@pytest.mark.parametrize("many", [29, 299, 2999])
def test_it_is_the_integral(few, many):
    rng = np.random.default_rng([int(100 * few), many])
    for _ in range(4):
        parts = [Part(10 ** rng.uniform(-2, 2), few), Part(1.0, many)]
        size = 10 ** rng.uniform(-1, 1.2)
        assert exceeding(parts, size) == pytest.approx(integrated(parts, size), rel=1e-6)


@pytest.mark.parametrize("degrees", [1, 2, 4.5, 30, 5000])
def test_one_part_alone_is_students(degrees):
    for parts in ([Part(4.0, degrees)], [Part(0.0, 3), Part(4.0, degrees)]):
        assert exceeding(parts, 3.0) == pytest.approx(2 * stats.t.sf(1.5, degrees))
        assert half_width(parts, 0.05) == pytest.approx(2 * stats.t.ppf(0.975, degrees))


def test_order_and_unit_do_not_matter():
    parts = [Part(1.5, 2), Part(0.4, 499)]
    assert exceeding(parts[::-1], 3.0) == pytest.approx(exceeding(parts, 3.0), rel=1e-9)
    tenfold = [Part(150.0, 2), Part(40.0, 499)]
    assert exceeding(tenfold, 30.0) == pytest.approx(exceeding(parts, 3.0), rel=1e-9)
    assert half_width(tenfold, 0.05) == pytest.approx(10 * half_width(parts, 0.05), rel=1e-9)


def test_the_half_width_is_exceeded_with_its_probability():
    parts = [Part(0.2, 1), Part(0.7, 99)]
    for probability in (0.4, 0.05, 0.001):
        assert exceeding(parts, half_width(parts, probability)) == pytest.approx(probability, rel=1e-8)


def test_nothing_varies():
    assert exceeding([Part(0.0, 2)], 1.0) == 0
    assert half_width([Part(0.0, 2), Part(0.0, 9)], 0.05) == 0
