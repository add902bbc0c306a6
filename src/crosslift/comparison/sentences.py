"""Comparisons as sentences that claim no more than the numbers show."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from crosslift.comparison.design import PAIRS
from crosslift.comparison.pairwise import LEVEL, Comparison, family
from crosslift.tables import format as fmt


def sentence(row: Comparison) -> str:
    """Return the result of a comparison in plain words."""
    if math.isnan(row.p):
        effect = fmt.signed(row.effect)
        return f"{_both(row)}: nothing varies in this design, so chance cannot be judged ({effect} points)."
    if row.standard_error == 0:
        return f"{_both(row)}: the same score in every run, whatever the items."
    if row.most_seeds == 1:
        return _one_seed(row)
    if row.p >= LEVEL:
        return _no_difference(row)
    if row.p_adjusted >= LEVEL:
        return _not_after_adjustment(row)
    return f"{row.system} {_verb(row)} {row.baseline} by {_points(row)} on {_place(row)}{_tally(row)}."


def _one_seed(row: Comparison) -> str:
    """Return a sentence about two models: one seed per side does not say how the recipes differ."""
    caveat = "Another seed may give another result: this says nothing about the recipes."
    model, other = f"this model of {row.system}", f"this model of {row.baseline}"
    if row.p_adjusted >= LEVEL:
        found = f"no significant difference between {model} and {other} on {_place(row)}: {_change(row)}"
    else:
        found = f"{model} {_verb(row)} {other} by {_points(row)} on {_place(row)}{_tally(row)}"
    return f"With one seed each, {found}. {caveat}"


def _no_difference(row: Comparison) -> str:
    return (
        f"No significant difference between {row.system} and {row.baseline} on {_place(row)}: {_change(row)}. A true "
        f"difference of {fmt.score(row.detectable)} points would be found four times in five."
    )


def _not_after_adjustment(row: Comparison) -> str:
    verb = "higher" if row.effect > 0 else "lower"
    return (
        f"{row.system} scores {_points(row)} {verb} than {row.baseline} on {_place(row)}, but with this many "
        f"comparisons that may be chance (adjusted {fmt.p_value(row.p_adjusted)})."
    )


def support(row: Comparison) -> str:
    """Return what supports the sentence: how many languages agree, and the randomisation test."""
    agree = f"{row.agree} of {_count(row)} agree in sign. " if _languages(row) > 1 else ""
    how, units = "Exact" if row.exact else "Approximate", "items" if row.most_seeds == 1 else "runs"
    # If both sides have as many runs, swapping all of them is as extreme as swapping none.
    least = (2 if row.seeds == row.most_seeds else 1) / row.arrangements
    smallest = " (the smallest possible)" if row.exact and row.p_randomisation <= least else ""
    swaps, p = fmt.count(row.arrangements), fmt.p_value(row.p_randomisation)
    return f"{agree}{how} randomisation over {swaps} swaps of {units}: {p}{smallest}."


def test(rows: Sequence[Comparison]) -> str:
    """Name the statistics behind the numbers, for a caption."""
    paired = all(row.paired for row in rows)
    runs = "Runs of one seed are paired" if paired else "Runs are paired where both systems have the same seeds"
    return (
        "Effects are differences in percentage points; 95% intervals and two-sided p-values by hierarchical bootstrap: "
        "items paired by id and resampled within runs within languages, Student's t for the spread between runs. "
        f"{runs}. {_adjustment(rows)} A language is a win or a loss (w/t/l) if its adjusted p is below 0.05."
    )


def _adjustment(rows: Sequence[Comparison]) -> str:
    sizes = Counter(family(row) for row in rows)
    means, languages = sizes["mean", True], sizes["language", True]
    more = ", separately for metrics other than a task's first" if any(not first for _, first in sizes) else ""
    return f"Adjusted p (Holm): over the target means ({means}) and over the languages ({languages}){more}."


def _verb(row: Comparison) -> str:
    return "beats" if row.effect > 0 else "is worse than"


def _both(row: Comparison) -> str:
    return f"{row.system} and {row.baseline} on {_place(row)}"


def _change(row: Comparison) -> str:
    effect = fmt.signed(row.effect, row.low, row.high)
    return f"{effect} points {fmt.interval(row.low, row.high)}, {fmt.p_value(row.p)}"


def _points(row: Comparison) -> str:
    return fmt.size(row.effect, row.low, row.high, "points")


def _place(row: Comparison) -> str:
    if not row.averaged:
        where = row.over
    elif _languages(row) == 1:
        where = "the one target language"
    else:
        where = f"the mean of {_count(row)}"
    return f"{where}, {fmt.seeds(row.seeds, row.most_seeds)}"


def _languages(row: Comparison) -> int:
    return row.wins + row.ties + row.losses


def _count(row: Comparison) -> str:
    return fmt.plural(_languages(row), _noun(row))


def _noun(row: Comparison) -> str:
    return "language pair" if row.over == PAIRS else "language"


def _tally(row: Comparison) -> str:
    if not row.averaged or _languages(row) == 1:
        return ""
    undecided = f", {row.ties} undecided" if row.ties else ""
    return f"; {fmt.plural(row.wins, _noun(row))} better, {row.losses} worse{undecided}"
