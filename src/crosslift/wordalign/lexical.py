"""The M-step: translation probabilities from expected links and a prior.

Probabilities are the geometric means of a Dirichlet posterior (variational Bayes), which gives rare words few
translations: Dyer, Chahuneau & Smith 2013, section 3.  The prior of a word pair grows with the similarity of its
spellings, with the translations of the two words' stems (their first letters), and with entries of a lexicon.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from crosslift.wordalign.expectation import Expected, Lexical
from crosslift.wordalign.kernels import lexical as kernels
from crosslift.wordalign.kernels.lexical import FLOOR
from crosslift.wordalign.slots import Slots, group

Words = tuple[Sequence[str], Sequence[str]]
"""The forms of source and target types."""
Frequencies = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Tokens of source and target types."""


@dataclass(frozen=True)
class Stems:
    """Classes of words with the same first letters.

    Args:
        slots: word pairs of stems; its stream is (slots,), the stem pair of each word pair.
        source_share: (source types,) the share of a word in the tokens of its stem.
        target_share: (target types,) the same for target words.
        weight: total pseudo-count from a word's stem.
    """

    slots: Slots
    source_share: NDArray[np.float32]
    target_share: NDArray[np.float32]
    weight: float

    def counts(self, counts: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the expected links of stem pairs, (stem pairs, channels)."""
        sums = [np.bincount(self.slots.stream, weights=column, minlength=len(self.slots)) for column in counts.T]
        return np.stack(sums, axis=1)


@dataclass(frozen=True)
class Prior:
    """Pseudo-counts of word pairs.

    Args:
        alpha: pseudo-count of every pair; 0 is maximum likelihood.
        bonus: (slots,) additional pseudo-counts from spelling and the lexicon; empty without both.
        stems: the classes through which similar words share statistics, or None.
    """

    alpha: float
    bonus: NDArray[np.float32]
    stems: Stems | None = None


Totals = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Counts and pseudo-counts of each source type, and of each target type."""


def estimate(expected: Expected, slots: Slots, prior: Prior, null_probability: float) -> Lexical:
    """Return the translation probabilities after an M-step."""
    table = stem_table(prior.stems.slots, prior.stems.counts(expected.counts)) if prior.stems else None
    sums = totals(expected.counts, slots, prior, table, len(expected.null_target))
    null_source, null_target = (
        from_null(side, prior.alpha, len(side)) for side in (expected.null_source, expected.null_target)
    )
    made = probabilities(expected.counts, slots, prior, table, sums)
    return Lexical(made, null_source, null_target, null_probability)


def stem_table(slots: Slots, counts: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return p(target stem | source stem) and p(source stem | target stem), (2, stem pairs)."""
    rows = np.repeat(np.arange(len(slots.rows) - 1), np.diff(slots.rows))
    made = np.empty((2, len(slots)), np.float32)
    kinds: NDArray[np.int64] | NDArray[np.int32]
    for direction, kinds in ((0, rows), (1, slots.targets)):
        sums = counts[:, direction % counts.shape[1]]
        made[direction] = sums / np.maximum(np.bincount(kinds, weights=sums), FLOOR)[kinds]
    return made


def totals(
    counts: NDArray[np.float32], slots: Slots, prior: Prior, table: NDArray[np.float32] | None, target_types: int
) -> Totals:
    """Return the sums of the counts (slots, channels), with pseudo-counts: (source types,) and (target types,)."""
    source, target = kernels.totals(*_arguments(counts, slots, prior, table), target_types)
    return source, target


def probabilities(
    counts: NDArray[np.float32], slots: Slots, prior: Prior, table: NDArray[np.float32] | None, sums: Totals
) -> NDArray[np.float32]:
    """Return p(target | source) and p(source | target), (slots, 2)."""
    made = np.empty((len(slots), 2), np.float32)
    kernels.fill(*_arguments(counts, slots, prior, table), *sums, prior.alpha > 0, made)
    return made


def _arguments(
    counts: NDArray[np.float32], slots: Slots, prior: Prior, table: NDArray[np.float32] | None
) -> tuple[Any, ...]:
    head = (counts, slots.rows, slots.targets, prior.alpha, prior.bonus)
    if prior.stems is None or table is None:
        share = np.empty(0, np.float32)
        return *head, np.empty(0, np.int32), np.empty((2, 0), np.float32), share, share, 0.0
    stems = prior.stems
    return *head, stems.slots.stream, table, stems.target_share, stems.source_share, stems.weight


def from_null(counts: NDArray[np.float64], alpha: float, types: int) -> NDArray[np.float32]:
    """Return the probability that the empty word emits each word, (types,); words after the counts are new."""
    total = (counts + alpha).sum()
    every = np.append(counts, np.zeros(types - len(counts)))
    chances = np.exp(digamma(every + alpha) - digamma(total)) if alpha else every / max(total, FLOOR)
    return np.asarray(np.maximum(chances, FLOOR), np.float32)


def stems(slots: Slots, words: Words, frequencies: Frequencies, *, length: int, weight: float) -> Stems:
    """Return the classes of words with the same first `length` letters."""
    classes = stem_classes(words, length)
    source, target = (_share(own, kinds) for own, kinds in zip(frequencies, classes, strict=True))
    return Stems(group(slots, *classes), source, target, weight)


def stem_classes(words: Words, length: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the stem of each source type and of each target type: (source types,) and (target types,)."""
    source, target = (_classes((word[:length] for word in side), len(side)) for side in words)
    return source, target


def _share(tokens: NDArray[np.int64], kinds: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the share of each word in the tokens of its stem; an unseen word counts as one more token."""
    stems = np.bincount(kinds, weights=tokens)[kinds]
    return np.asarray(np.maximum(tokens, 1) / (stems + (tokens == 0)), np.float32)


def _classes(keys: Iterable[str], count: int) -> NDArray[np.int32]:
    seen: dict[str, int] = {}
    return np.fromiter((seen.setdefault(key, len(seen)) for key in keys), np.int32, count)


def spelling(slots: Slots, words: Words, *, length: int) -> NDArray[np.float32]:
    """Return the similarity of the spellings of each pair, (slots,).

    It is 1 for the same word, else the common prefix as a share of the longer word, or 0 for under `length` letters.
    """
    both = [*words[0], *words[1]]
    heads = _classes((word[:length] for word in both), len(both))
    letters = np.frombuffer("".join(both).encode("utf-32-le"), np.uint32)
    ends = np.cumsum(np.fromiter(map(len, both), np.int64, len(both)))
    return np.asarray(kernels.likeness(slots.rows, slots.targets, heads, letters, ends, len(words[0])))


def places(
    slots: Slots, entry_rows: NDArray[np.int64], entry_targets: NDArray[np.int32], types: int
) -> NDArray[np.int64]:
    """Return the index of each word pair among entries sorted by source type, or -1: (slots,)."""
    return np.asarray(kernels.places(slots.rows, slots.targets, entry_rows, entry_targets, types))
