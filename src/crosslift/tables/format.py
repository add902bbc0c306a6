"""Numbers as a reader wants them."""

from __future__ import annotations

import math

MISSING = "–"


def score(value: float) -> str:
    """Write a score in percent with one decimal.

    >>> score(52.84), score(float("nan"))
    ('52.8', '–')
    """
    return f"{value:.1f}".replace("-", "−") if math.isfinite(value) else MISSING


def difference(value: float) -> str:
    """Write a difference with its sign.

    >>> difference(11.62), difference(-0.31), difference(0.01)
    ('+11.6', '−0.3', '0.0')
    """
    if not math.isfinite(value):
        return MISSING
    return "0.0" if abs(value) < 0.05 else f"{value:+.1f}".replace("-", "−")


def interval(low: float, high: float, *, digits: int | None = None) -> str:
    """Write a 95% interval, or nothing where there is none.

    >>> interval(0.84, 3.1), interval(-1.69, -0.047), interval(-1, float("nan"))
    ('[0.8, 3.1]', '[−1.69, −0.05]', '')
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    digits = digits or decimals(low, high)
    return "[" + ", ".join(f"{round(end, digits) + 0.0:.{digits}f}".replace("-", "−") for end in (low, high)) + "]"


def effect(value: float, low: float = math.nan, high: float = math.nan) -> str:
    """Write a difference and its interval; small ones, and those with an end near zero, with two decimals.

    >>> effect(1.92, 0.8, 3.14), effect(-0.04, -0.2, 0.12), effect(5)
    ('+1.9 [0.8, 3.1]', '−0.04 [−0.20, 0.12]', '+5.0')
    >>> effect(-0.87, -1.69, -0.047)
    '−0.87 [−1.69, −0.05]'
    """
    if not math.isfinite(value):
        return MISSING
    small = max(abs(end) for end in (value, low, high) if math.isfinite(end)) < 1
    digits = 2 if small else decimals(low, high)
    rounded = round(value, digits)
    signed = f"{rounded:+.{digits}f}".replace("-", "−") if rounded else f"{0:.{digits}f}"
    return f"{signed} {interval(low, high, digits=digits)}".strip()


def number(value: float) -> str:
    """Write a number of any size.

    >>> number(0.00123), number(68.0)
    ('0.00123', '68')
    """
    return f"{value:.4g}".replace("-", "−") if math.isfinite(value) else MISSING


def probability(value: float) -> str:
    """Write a p-value; small ones by their bound.

    >>> probability(0.0312), probability(0.2), probability(0.00002)
    ('0.031', '0.20', '<0.001')
    """
    if not math.isfinite(value):
        return MISSING
    if value < 0.001:
        return "<0.001"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def with_spread(value: float, spread: float) -> str:
    """Write a score and its standard deviation, which a single seed does not have.

    >>> with_spread(52.84, 1.19), with_spread(52.84, float("nan"))
    ('52.8 ± 1.2', '52.8')
    """
    return f"{score(value)} ± {score(spread)}" if math.isfinite(spread) else score(value)


def count(value: float) -> str:
    """Write a whole number with thousands separated.

    >>> count(12345.0)
    '12,345'
    """
    return f"{value:,.0f}" if math.isfinite(value) else MISSING


def seconds(value: float) -> str:
    """Write a duration.

    >>> seconds(7.25), seconds(75), seconds(7322)
    ('7.2 s', '1 min 15 s', '2 h 2 min')
    """
    if not math.isfinite(value):
        return MISSING
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def ratio(value: float) -> str:
    """Write a number between -1 and 1 with two decimals.

    >>> ratio(-0.123)
    '−0.12'
    """
    return f"{value:.2f}".replace("-", "−") if math.isfinite(value) else MISSING


def plural(number: int, noun: str) -> str:
    """Write a number of things.

    >>> plural(1, "seed"), plural(3, "seed")
    ('1 seed', '3 seeds')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def words(name: str) -> str:
    """Write an identifier as words.

    >>> words("target_mean")
    'target mean'
    """
    return name.replace("_", " ")


def joined(names: list[str]) -> str:
    """Write a list as prose.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def clipped(text: str, length: int) -> str:
    """Shorten a text to at most `length` characters.

    >>> clipped("translations", 6)
    'trans…'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def decimals(*ends: float) -> int:
    """Return how many decimals the ends of an interval need: one, or two where one would make an end read as zero.

    Whether an interval leaves out zero is what a reader looks for.

    >>> decimals(0.84, 3.1), decimals(-1.69, -0.047), decimals(0.0, 2.0)
    (1, 2, 1)
    """
    return 2 if any(math.isfinite(end) and end and not round(end, 1) for end in ends) else 1


def p_value_text(value: float) -> str:
    """Write a p-value; small ones by their bound.

    >>> probability(0.0312), probability(0.2), probability(0.00002)
    ('0.031', '0.20', '<0.001')
    """
    if math.isnan(value):
        return "–"
    if value < 0.001:
        return "<0.001"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"
