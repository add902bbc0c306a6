"""How finely a difference is written."""

from __future__ import annotations

import math


def decimals(*ends: float) -> int:
    """Return how many decimals the ends of an interval need: one, or two where one would make an end read as zero.

    Whether an interval leaves out zero is what a reader looks for.

    >>> decimals(0.84, 3.1), decimals(-1.69, -0.047), decimals(0.0, 2.0)
    (1, 2, 1)
    """
    return 2 if any(math.isfinite(end) and end and not round(end, 1) for end in ends) else 1
