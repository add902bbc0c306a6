"""Scores of every run and language, on the test items and on bootstrap samples of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.comparison.design import Design
from crosslift.stats.randomisation import Randomisation, of_differences
from crosslift.stats.resampling import Table, bootstrap_sums, swap_sums

Counted = NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """Scores of a design.

    Args:
        observed: in percent, shape (runs, languages).
        resampled: the same on each draw, shape (draws, runs, languages).
        items: number of items by language.
        ids: number of items in all if languages are parallel; else None.
    """

    observed: NDArray[np.float64]
    resampled: NDArray[np.float64]
    items: tuple[int, ...]
    ids: int | None

    def drawn_from(self, languages: Sequence[int]) -> int:
        """Return the number of items that a mean over languages is resampled from."""
        apart = sum(self.items[place] for place in languages)
        return apart if self.ids is None or len(languages) == 1 else self.ids


def sample(design: Design, *, draws: int, seed: int) -> Sample:
    """Resample items, the same ones in all runs and in all parallel languages."""
    generator = np.random.default_rng(seed)
    numbered = _numbered(design, design.languages)
    tables = [
        Table(places, np.concatenate(design.counts[code].counts, axis=1))  # (items, runs x parts)
        for code, places in zip(design.languages, numbered, strict=True)
    ]
    items = tuple(len(places) for places in numbered)
    ids = None
    if design.joint:
        ids = 1 + max(int(places.max()) for places in numbered)
        sums = bootstrap_sums(tables, ids, draws=draws, generator=generator)
    else:
        alone = [Table(np.arange(len(table.places)), table.counts) for table in tables]
        sums = [bootstrap_sums([one], len(one.places), draws=draws, generator=generator)[0] for one in alone]
    observed = [_scored(design, code) for code in design.languages]
    resampled = [_scores(design, code, drawn) for code, drawn in zip(design.languages, sums, strict=True)]
    return Sample(np.stack(observed, axis=-1), np.stack(resampled, axis=-1), items, ids)


def swap_items(
    design: Design, languages: Sequence[str], pair: tuple[int, int], *, draws: int, seed: int
) -> Randomisation:
    """Return the p-value of the difference between two runs' means over languages, with items swapped between them.

    Args:
        design: the task and metric.
        languages: the languages of the mean.
        pair: the places of the two runs.
        draws: number of random swaps, if there are too many to try all.
        seed: random seed of the swaps.
    """
    counts = [design.counts[code].counts[list(pair)] for code in languages]  # (2, items, parts) each
    numbered = _numbered(design, languages)
    items = 1 + max(int(places.max()) for places in numbered)
    tables = [Table(places, both[1] - both[0]) for places, both in zip(numbered, counts, strict=True)]
    sums, exact = swap_sums(tables, items, draws=draws, generator=np.random.default_rng(seed))
    differences, observed = [], []
    for code, both, moved in zip(languages, counts, sums, strict=True):
        total = both.sum(axis=1, dtype=np.float64)
        score = design.counts[code].metric.scores
        differences.append(score(total[1] - moved) - score(total[0] + moved))
        observed.append(score(total[1]) - score(total[0]))
    return of_differences(float(np.mean(observed)), np.mean(differences, axis=0), exact)


def _numbered(design: Design, languages: Sequence[str]) -> list[NDArray[np.intp]]:
    """Return a number for each item: that of its id in parallel languages, otherwise a different one for each item."""
    if not design.joint:
        sizes = [len(design.counts[code].ids) for code in languages]
        starts = np.cumsum([0, *sizes[:-1]])
        return [np.arange(start, start + size) for start, size in zip(starts, sizes, strict=True)]
    number: dict[str, int] = {}
    return [
        np.array([number.setdefault(one, len(number)) for one in design.counts[code].ids], dtype=np.intp)
        for code in languages
    ]


def _scored(design: Design, code: str) -> NDArray[np.float64]:
    """Return the scores of the runs in a language, shape (runs,)."""
    counts = design.counts[code]
    return counts.metric.scores(counts.counts.sum(axis=1, dtype=np.float64))


def _scores(design: Design, code: str, sums: Counted) -> NDArray[np.float64]:
    """Return the scores of resampled sums, shape (draws, runs)."""
    runs, _, parts = design.counts[code].counts.shape
    return design.counts[code].metric.scores(sums.reshape(-1, runs, parts).astype(np.float64))
