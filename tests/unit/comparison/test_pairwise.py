"""Languages count as won or lost after adjustment for how many there are."""

from __future__ import annotations

from crosslift import compare


def test_a_language_is_won_only_after_adjustment(make_run):
    """One of twelve languages has a difference that alone would be significant, and among twelve is not."""
    plain = {"en": 0.8, **{f"l{number}": 0.6 for number in range(12)}}
    runs = [make_run("plain", seed, scores=plain, items=400) for seed in range(3)]
    runs += [make_run("better", seed, scores={**plain, "l3": 0.66}, items=400) for seed in range(3)]
    rows = {row.over: row for row in compare(runs).comparisons}
    (mean,) = [row for row in rows.values() if row.averaged]
    alone = [row for row in rows.values() if not row.averaged and row.p < 0.05]
    assert alone
    assert all(row.p_adjusted >= 0.05 for row in alone)
    assert (mean.wins, mean.losses, mean.ties) == (0, 0, 12)


def test_a_large_difference_is_won_after_adjustment_too(make_run):
    plain = {"en": 0.8, **{f"l{number}": 0.5 for number in range(4)}}
    runs = [make_run("plain", seed, scores=plain, items=800) for seed in range(5)]
    runs += [make_run("better", seed, scores={**plain, "l1": 0.9, "l2": 0.1}, items=800) for seed in range(5)]
    (mean,) = [row for row in compare(runs).comparisons if row.averaged]
    assert (mean.wins, mean.losses, mean.ties) == (1, 1, 2)
