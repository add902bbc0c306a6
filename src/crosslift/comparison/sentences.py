"""Comparisons as sentences that say no more than the numbers do."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from crosslift.comparison.design import PAIRS
from crosslift.comparison.pairwise import LEVEL, Comparison, family
from crosslift.tables.format import decimals, p_value_text


def sentence(row: Comparison) -> str:
    """Return what a comparison found, in plain words."""
    if math.isnan(row.p):
        return f"{_both(row)}: nothing varies in this design, so chance cannot be judged ({signed(row.effect)} points)."
    if row.standard_error == 0:
        return f"{_both(row)}: the same score in every run, whatever the items."
    if row.most_seeds == 1:
        return _one_seed(row)
    if row.p >= LEVEL:
        return _no_difference(row)
    if row.p_adjusted >= LEVEL:
        return _many_looks(row)
    verb = "beats" if row.effect > 0 else "is worse than"
    return f"{row.system} {verb} {row.baseline} by {_points(row)} on {_place(row)}{_tally(row)}."


def _one_seed(row: Comparison) -> str:
    """With one seed a side, only these two models were compared."""
    caveat = "Another seed may give another answer: of the recipes this says nothing."
    these = f"this model of {row.system}"
    if row.p_adjusted >= LEVEL:
        found = f"{these} and this one of {row.baseline} cannot be told apart on {_place(row)}: {_change(row)}"
        return f"With one seed each, {found}. {caveat}"
    verb = "beats" if row.effect > 0 else "is worse than"
    found = f"{these} {verb} this one of {row.baseline} by {_points(row)} on {_place(row)}{_tally(row)}"
    return f"With one seed each, {found}. {caveat}"


def _no_difference(row: Comparison) -> str:
    return (
        f"{row.system} and {row.baseline} cannot be told apart on {_place(row)}: {_change(row)}. A true difference of "
        f"{row.detectable:.1f} points would be found four times in five."
    )


def _many_looks(row: Comparison) -> str:
    verb = "higher" if row.effect > 0 else "lower"
    return (
        f"{row.system} scores {_points(row)} {verb} than {row.baseline} on {_place(row)}, but among so many "
        f"comparisons that may be chance (adjusted {_p(row.p_adjusted)})."
    )


def support(row: Comparison) -> str:
    """Return what stands beside the sentence: how many languages agree, and what randomisation says."""
    count = row.wins + row.ties + row.losses
    agree = f"{row.agree} of {count} {_noun(row)}s point the same way. " if count > 1 else ""
    how, units = "Exact" if row.exact else "Approximate", "items" if row.most_seeds == 1 else "runs"
    # A swap of everything is as extreme as none where both sides are as many.
    least = (2 if row.seeds == row.most_seeds else 1) / row.arrangements
    smallest = " (the smallest there can be)" if row.exact and row.p_randomisation <= least else ""
    p = _p(row.p_randomisation)
    return f"{agree}{how} randomisation over {row.arrangements:,} swaps of {units}: {p}{smallest}."


def _both(row: Comparison) -> str:
    return f"{row.system} and {row.baseline} on {_place(row)}"


def _change(row: Comparison) -> str:
    effect = signed(row.effect, decimals(row.low, row.high))
    return f"{effect} points {interval(row)}, {_p(row.p)}"


def _place(row: Comparison) -> str:
    count = row.wins + row.ties + row.losses
    if not row.averaged:
        where = row.over
    elif count == 1:
        where = "the one target language"
    else:
        where = f"the mean of {count} {_noun(row)}s"
    return f"{where}, {seeds(row)}"


def _noun(row: Comparison) -> str:
    return "language pair" if row.over == PAIRS else "language"


def seeds(row: Comparison) -> str:
    """Write how many seeds there are."""
    if row.seeds != row.most_seeds:
        return f"{row.seeds} and {row.most_seeds} seeds"
    return f"{row.seeds} seed{'' if row.seeds == 1 else 's'}"


def _tally(row: Comparison) -> str:
    if not row.averaged or row.wins + row.ties + row.losses == 1:
        return ""
    parts = [f"{row.wins} {_noun(row)}{'' if row.wins == 1 else 's'} better", f"{row.losses} worse"]
    return f"; {', '.join(parts)}" + (f", {row.ties} too close to tell" if row.ties else "")


def _points(row: Comparison) -> str:
    """Write the size of an effect and its interval, both without the sign that the verb says."""
    digits = decimals(row.low, row.high)
    low, high = sorted((abs(row.low), abs(row.high)))
    return f"{abs(row.effect):.{digits}f} points [{low:.{digits}f}, {high:.{digits}f}]"


def signed(value: float, digits: int = 1) -> str:
    """Write a difference with its sign.

    >>> signed(1.25), signed(-0.31), signed(-0.01), signed(-0.01, 2)
    ('+1.2', '−0.3', '0.0', '−0.01')
    """
    rounded = round(value, digits)
    return f"{rounded:+.{digits}f}".replace("-", "−") if rounded else f"{0:.{digits}f}"


def interval(row: Comparison) -> str:
    """Write an interval."""
    digits = decimals(row.low, row.high)
    low, high = (f"{round(end, digits) + 0.0:.{digits}f}".replace("-", "−") for end in (row.low, row.high))
    return f"[{low}, {high}]"


def _p(value: float) -> str:
    text = p_value_text(value)
    return f"p < {text[1:]}" if text.startswith("<") else f"p = {text}"


def test(rows: Sequence[Comparison]) -> str:
    """Name the statistics behind the numbers, for a caption."""
    paired = all(row.paired for row in rows)
    runs = "Runs of one seed are paired" if paired else "Runs are paired where both systems have the same seeds"
    return (
        "Effects are differences in percentage points; 95% intervals and two-sided p-values by hierarchical bootstrap: "
        "items paired by id and resampled within runs within languages, Student's t for the spread between runs. "
        f"{runs}. {_adjustment(rows)} A language is won or lost (w/t/l) where its own interval leaves out zero."
    )


def _adjustment(rows: Sequence[Comparison]) -> str:
    sizes = Counter(family(row) for row in rows)
    means, languages = sizes["mean", True], sizes["language", True]
    more = ", and over other metrics than a task's first apart" if any(not first for _, first in sizes) else ""
    return f"Adjusted p (Holm): over the target means ({means}) and over the languages ({languages}){more}."
