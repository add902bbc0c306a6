"""The spelling of every printed number: decimals, signs, intervals, p-values, counts and durations.

A minus sign is U+2212, and a missing number (None, NaN or infinite) is a dash.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

MISSING = "–"
MINUS = "−"
_LATEX = {
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}",
    MINUS: "$-$", MISSING: "--", "<": "$<$", ">": "$>$",
}  # fmt: skip


def score(value: float | None) -> str:
    """Write a score in percent with one decimal.

    >>> score(52.84), score(-0.01), score(float("nan")), score(None)
    ('52.8', '0.0', '–', '–')
    """
    return _fixed(value, 1)


def difference(value: float | None) -> str:
    """Write a difference that has no interval, with its sign.

    >>> difference(11.62), difference(-0.31), difference(0.01)
    ('+11.6', '−0.3', '0.0')
    """
    return _fixed(value, 1, plus=True)


def interval(low: float, high: float) -> str:
    """Write a 95% interval, or nothing if there is none.

    >>> interval(0.84, 3.1), interval(-1.69, -0.047), interval(-0.2, 0.12), interval(-1, float("nan"))
    ('[0.8, 3.1]', '[−1.69, −0.05]', '[−0.20, 0.12]', '')
    """
    if not _is_number(low, high):
        return ""
    digits = _decimals(low, high)
    return f"[{_fixed(low, digits)}, {_fixed(high, digits)}]"


def signed(value: float, low: float = math.nan, high: float = math.nan) -> str:
    """Write a difference with its sign, and with as many decimals as its interval.

    >>> signed(1.92, 0.8, 3.14), signed(-0.04, -0.2, 0.12), signed(5)
    ('+1.9', '−0.04', '+5.0')
    """
    return _fixed(value, _decimals(low, high) if _is_number(low, high) else _decimals(value), plus=True)


def effect(value: float, low: float = math.nan, high: float = math.nan) -> str:
    """Write a difference with its sign and its interval.

    >>> effect(1.92, 0.8, 3.14), effect(-0.04, -0.2, 0.12), effect(5)
    ('+1.9 [0.8, 3.1]', '−0.04 [−0.20, 0.12]', '+5.0')
    >>> effect(-0.87, -1.69, -0.047)
    '−0.87 [−1.69, −0.05]'
    """
    return f"{signed(value, low, high)} {interval(low, high)}".strip()


def size(value: float, low: float, high: float, unit: str) -> str:
    """Write how large a difference is, in a sentence whose verb says its sign.

    >>> size(-1.92, -3.14, -0.8, "points")
    '1.9 points [0.8, 3.1]'
    """
    low, high = sorted((abs(low), abs(high)))
    return f"{_fixed(abs(value), _decimals(low, high))} {unit} {interval(low, high)}".strip()


def number(value: float | None) -> str:
    """Write a number of any size with four significant digits.

    >>> number(0.00123), number(68.0), number(-1.5)
    ('0.00123', '68', '−1.5')
    """
    return _minus(f"{value:.4g}") if value is not None and math.isfinite(value) else MISSING


def probability(value: float) -> str:
    """Write a p-value in a column of p-values; a small one by its bound.

    >>> probability(0.0312), probability(0.2), probability(0.00002)
    ('0.031', '0.20', '<0.001')
    """
    if not math.isfinite(value):
        return MISSING
    if value < 0.001:
        return "<0.001"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def p_value(value: float) -> str:
    """Write a p-value in a sentence.

    >>> p_value(0.0312), p_value(0.00002)
    ('p = 0.031', 'p < 0.001')
    """
    text = probability(value)
    return f"p < {text[1:]}" if text.startswith("<") else f"p = {text}"


def with_spread(value: float, spread: float) -> str:
    """Write a score and its standard deviation, which a single seed does not have.

    >>> with_spread(52.84, 1.19), with_spread(52.84, float("nan"))
    ('52.8 ± 1.2', '52.8')
    """
    return f"{score(value)} ± {score(spread)}" if math.isfinite(spread) else score(value)


def count(value: float | None) -> str:
    """Write a whole number with thousands separated.

    >>> count(12345.0), count(7)
    ('12,345', '7')
    """
    return _minus(f"{value:,.0f}") if value is not None and math.isfinite(value) else MISSING


def seconds(value: float) -> str:
    """Write a duration.

    >>> seconds(7.25), seconds(75), seconds(7322)
    ('7.2 s', '1 min 15 s', '2 h 2 min')
    """
    if not math.isfinite(value):
        return MISSING
    if value < 60:
        return f"{score(value)} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def ratio(value: float | None) -> str:
    """Write a number between -1 and 1 with two decimals.

    >>> ratio(-0.123)
    '−0.12'
    """
    return _fixed(value, 2)


def rounded(value: float, digits: int = 6) -> float:
    """Return a number cut to its significant digits, for files that are kept in a repository.

    >>> rounded(52.83950617), rounded(float("nan"))
    (52.8395, nan)
    """
    return float(f"{value:.{digits}g}")


def plural(number: int, noun: str) -> str:
    """Write a number of things.

    >>> plural(1, "seed"), plural(3, "seed"), plural(2, "hypothesis")
    ('1 seed', '3 seeds', '2 hypotheses')
    """
    many = f"{noun[:-2]}es" if noun.endswith("is") else f"{noun}s"
    return f"{number} {noun if number == 1 else many}"


def seeds(first: int, second: int) -> str:
    """Write the numbers of seeds of two systems.

    >>> seeds(3, 3), seeds(3, 4), seeds(1, 1)
    ('3 seeds', '3 and 4 seeds', '1 seed')
    """
    return plural(second, "seed") if first == second else f"{first} and {plural(second, 'seed')}"


def words(name: str) -> str:
    """Write an identifier as words.

    >>> words("target_mean")
    'target mean'
    """
    return name.replace("_", " ")


def joined(names: Sequence[str]) -> str:
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


def latex(text: str) -> str:
    r"""Escape a text for LaTeX, minus signs and dashes included.

    >>> latex("a_b −0.3")
    'a\\_b $-$0.3'
    """
    return "".join(_LATEX.get(mark, mark) for mark in " ".join(text.split()))


def _decimals(*ends: float) -> int:
    """Return one, or two for small numbers and where one decimal would make an end read as zero.

    Readers look at an interval for whether it leaves out zero.

    >>> _decimals(0.84, 3.1), _decimals(-1.69, -0.047), _decimals(-0.2, 0.12), _decimals(0.0, 2.0), _decimals(0.0)
    (1, 2, 2, 1, 1)
    """
    sizes = [abs(end) for end in ends if math.isfinite(end)]
    return 2 if 0 < max(sizes, default=1) < 1 or any(end and not round(end, 1) for end in sizes) else 1


def _fixed(value: float | None, digits: int, *, plus: bool = False) -> str:
    if value is None or not math.isfinite(value):
        return MISSING
    shown = round(value, digits) or 0.0  # -0.0 is shown without its sign
    return _minus(f"{shown:+.{digits}f}" if plus and shown else f"{shown:.{digits}f}")


def _minus(text: str) -> str:
    return text.replace("-", MINUS)


def _is_number(*values: float) -> bool:
    return all(map(math.isfinite, values))
