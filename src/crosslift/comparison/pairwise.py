"""Comparisons of each system with the baseline in one design: the mean of the targets, then every language."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

import numpy as np

from crosslift.comparison.design import MEAN, PAIRS, Design
from crosslift.comparison.resampled import Sample, sample, swap_items
from crosslift.runs.systems import System
from crosslift.stats.adjustment import holm
from crosslift.stats.interval import Estimate, Scores, estimate
from crosslift.stats.randomisation import Randomisation, swap_runs

LEVEL = 0.05


@dataclass(frozen=True)
class Comparison:
    """One system against the baseline, in percentage points.

    Args:
        baseline: name of the baseline.
        system: name of the other system.
        task: the task of both.
        metric: the metric.
        first_metric: whether it is the task's first metric, which averages are made of.
        over: "target mean", "mean of pairs", a language, or a pair of languages.
        effect: score of the system minus that of the baseline.
        low: lower end of the 95% interval.
        high: upper end.
        p: two-sided; below 0.05 if the interval leaves out zero.
        p_adjusted: by Holm, within its `family`.
        wins: languages with a higher score and an adjusted p below 0.05.
        ties: languages with neither.
        losses: languages with a lower score and an adjusted p below 0.05.
        seeds: runs per system; of the one with fewer, if they differ.
        most_seeds: runs of the system with more.
        baseline_score: mean over seeds.
        system_score: mean over seeds.
        standard_error: of the effect.
        detectable: the effect that four of five such experiments would find.
        p_randomisation: p-value of swapping runs between the two systems or, with one seed, items.
        arrangements: number of swaps behind `p_randomisation`.
        exact: whether those are all possible swaps.
        agree: languages whose difference has the sign of the effect.
        paired: whether runs of one seed were compared with each other.
        items: test items resampled.
        selection: selection rule.
    """

    baseline: str
    system: str
    task: str
    metric: str
    first_metric: bool
    over: str
    effect: float
    low: float
    high: float
    p: float
    p_adjusted: float
    wins: int
    ties: int
    losses: int
    seeds: int
    most_seeds: int
    baseline_score: float
    system_score: float
    standard_error: float
    detectable: float
    p_randomisation: float
    arrangements: int
    exact: bool
    agree: int
    paired: bool
    items: int
    selection: str

    @property
    def averaged(self) -> bool:
        """Whether this is a mean over languages or over pairs."""
        return self.over in (MEAN, PAIRS)


@dataclass(frozen=True)
class _Pair:
    """The baseline and another system of a design, with the places of their runs."""

    design: Design
    drawn: Sample
    baseline: System
    system: System
    places: tuple[range, range]
    seed: int

    @property
    def paired(self) -> bool:
        """Whether both have the same seeds: runs of one seed have much in common."""
        return self.baseline.seeds == self.system.seeds

    def compare(self) -> Iterator[Comparison]:
        targets = list(range(len(self.design.targets)))
        if targets:
            yield self._row(self.design.mean, targets)
        yield from (self._row(code, [place]) for place, code in enumerate(self.design.languages))

    def _row(self, over: str, languages: Sequence[int]) -> Comparison:
        items = self.drawn.drawn_from(languages)
        baseline, system = (self._scores(runs, languages) for runs in self.places)
        found = estimate(baseline, system, paired=self.paired, items=items)
        swapped = self._swapped(baseline, system, [self.design.languages[place] for place in languages])
        return Comparison(
            self.baseline.name, self.system.name, self.design.task, self.design.metric, self.design.first, over,
            **_values(found, swapped), p_adjusted=math.nan, wins=0, ties=0, losses=0, agree=0,
            seeds=min(map(len, self.places)), most_seeds=max(map(len, self.places)),
            baseline_score=float(baseline.observed.mean()), system_score=float(system.observed.mean()),
            paired=self.paired, items=items, selection=self.design.selection,
        )  # fmt: skip

    def _scores(self, runs: range, languages: Sequence[int]) -> Scores:
        here = np.ix_(runs, languages)
        return Scores(
            self.drawn.observed[here].mean(axis=-1),
            self.drawn.resampled[:, here[0], here[1]].mean(axis=-1),
        )

    def _swapped(self, baseline: Scores, system: Scores, languages: Sequence[str]) -> Randomisation:
        draws = len(self.drawn.resampled)
        if max(map(len, self.places)) == 1:
            first, second = (runs[0] for runs in self.places)
            return swap_items(self.design, languages, (first, second), draws=draws, seed=self.seed)
        generator = np.random.default_rng(self.seed)
        return swap_runs(baseline.observed, system.observed, paired=self.paired, generator=generator)


def _values(found: Estimate, swapped: Randomisation) -> dict[str, Any]:
    return {
        "effect": found.effect,
        "low": found.low,
        "high": found.high,
        "p": found.p,
        "standard_error": found.standard_error,
        "detectable": found.detectable,
        "p_randomisation": swapped.p,
        "arrangements": swapped.arrangements,
        "exact": swapped.exact,
    }


def _counted(rows: Sequence[Comparison], targets: Sequence[str]) -> Iterator[Comparison]:
    """Yield the adjusted comparisons of one system with the languages that they are over counted."""
    by_language = {row.over: row for row in rows if not row.averaged}
    for row in rows:
        yield _with_counts(row, [by_language[code] for code in targets] if row.averaged else [row])


def _with_counts(row: Comparison, languages: Sequence[Comparison]) -> Comparison:
    wins, losses = (sum(one.p_adjusted < LEVEL and one.effect * sign > 0 for one in languages) for sign in (1, -1))
    agree = sum(one.effect * row.effect > 0 for one in languages)
    return replace(row, wins=wins, losses=losses, ties=len(languages) - wins - losses, agree=agree)


def compare_designs(
    systems: Sequence[System], compared: Sequence[Design], *, draws: int, seed: int
) -> list[Comparison]:
    """Return the comparisons of every system with the first, design by design, with adjusted p-values."""
    ends = np.cumsum([len(system.runs) for system in systems])
    places = [range(end - len(system.runs), end) for system, end in zip(systems, ends, strict=True)]
    groups: list[tuple[Design, list[Comparison]]] = []
    for design in compared:
        drawn = sample(design, draws=draws, seed=seed)
        for system, own in zip(systems[1:], places[1:], strict=True):
            pair = _Pair(design, drawn, systems[0], system, (places[0], own), seed)
            groups.append((design, list(pair.compare())))
    adjusted = iter(_adjusted([row for _, rows in groups for row in rows]))
    counted = (_counted(list(islice(adjusted, len(rows))), design.targets) for design, rows in groups)
    return list(chain.from_iterable(counted))


def family(row: Comparison) -> tuple[str, bool]:
    """Return the family that a p-value is adjusted in, over all systems and tasks.

    Target means are few and languages many, so each form a separate family; so do the metrics after a task's first.
    """
    return ("mean" if row.averaged else "language", row.first_metric)


def _adjusted(rows: Sequence[Comparison]) -> list[Comparison]:
    adjusted = list(rows)
    for one in dict.fromkeys(map(family, rows)):
        places = [place for place, row in enumerate(rows) if family(row) == one]
        for place, p in zip(places, holm([rows[place].p for place in places]), strict=True):
            adjusted[place] = replace(rows[place], p_adjusted=p)
    return adjusted
