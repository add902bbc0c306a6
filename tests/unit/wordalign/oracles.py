"""The aligner's models once more, in plain float64 Python, one sentence and one direction at a time.

A direction explains *words* (of one side) by *causes* (the words of the other side, or the empty word).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from crosslift.wordalign.corpus import Corpus
from crosslift.wordalign.expectation import Lexical
from crosslift.wordalign.hmm import REACH, Jumps
from crosslift.wordalign.kernels.hmm import UNIFORM
from crosslift.wordalign.slots import Slots

Matrix = NDArray[np.float64]


@dataclass
class Explained:
    """A model's posteriors of one sentence, (words, causes), and those of the empty word."""

    posteriors: Matrix
    nulls: Matrix
    likelihood: float
    far: float = 0.0
    steps: Counter[int] = field(default_factory=Counter)
    starts: Counter[int] = field(default_factory=Counter)


def diagonal(emit: Matrix, null: Matrix, p_null: float, tension: float) -> Explained:
    """IBM Model 2 with the diagonal prior: Dyer et al. 2013, equations 1 to 3."""
    words, causes = emit.shape
    here, place = np.arange(1, causes + 1) / causes, np.arange(1, words + 1)[:, None] / words
    near = np.exp(-tension * np.abs(here - place))
    joint = (1 - p_null) * near / near.sum(axis=1, keepdims=True) * emit
    total = joint.sum(axis=1) + p_null * null
    posteriors = joint / total[:, None]
    before = np.arange(words)[:, None] / words
    return Explained(
        posteriors, p_null * null / total, float(np.log(total).sum()), float((posteriors * np.abs(here - before)).sum())
    )


def expected_distance(lengths: list[tuple[int, int]], tension: float) -> float:
    """The sum over words of the prior's mean distance from the diagonal; lengths are (words, causes)."""
    sums = 0.0
    for words, causes in lengths:
        apart = np.abs(np.arange(1, causes + 1) / causes - np.arange(1, words + 1)[:, None] / words)
        near = np.exp(-tension * apart)
        sums += float((near * apart).sum(axis=1) @ (1 / near.sum(axis=1)))
    return sums


def hidden_markov(emit: Matrix, null: Matrix, p_null: float, steps: Matrix, starts: Matrix) -> Explained:
    """The model of Och & Ney 2003, section 2.1.2, with its 2 * causes states: linked to i, or empty after i."""
    words, causes = emit.shape
    jump = np.array([[steps[_clip(i - p) + REACH] for i in range(causes)] for p in range(causes)])
    learned = (1 - UNIFORM) * jump / jump.sum(axis=1, keepdims=True)
    jump = learned + UNIFORM / causes
    first = np.array([starts[min(i, REACH)] for i in range(causes)])
    stay = np.eye(causes)
    half = np.hstack([(1 - p_null) * jump, p_null * stay])
    transition = np.vstack([half, half])
    begin = np.concatenate([(1 - p_null) * first, p_null * first]) / first.sum()
    emission = np.hstack([emit, np.repeat(null[:, None], causes, axis=1)])
    ahead, behind = np.zeros((words, 2 * causes)), np.ones((words, 2 * causes))
    ahead[0] = begin * emission[0]
    for j in range(1, words):
        ahead[j] = ahead[j - 1] @ transition * emission[j]
    for j in reversed(range(words - 1)):
        behind[j] = transition @ (emission[j + 1] * behind[j + 1])
    total = ahead[-1].sum()
    states = ahead * behind / total
    explained = Explained(states[:, :causes], states[:, causes:].sum(axis=1), float(np.log(total)))
    for i in range(causes):
        explained.starts[min(i, REACH)] += states[0, i]
    for j in range(1, words):
        moved = ahead[j - 1][:, None] * transition * (emission[j] * behind[j]) / total
        for p in range(2 * causes):
            for i in range(causes):
                here = p % causes
                explained.steps[_clip(i - here)] += moved[p, i] * learned[here, i] / jump[here, i]
    return explained


def _clip(jump: int) -> int:
    return max(-REACH, min(REACH, jump))


class Tables:
    """Probabilities and sums by word pair, from and for the arrays of the aligner."""

    def __init__(self, corpus: Corpus, slots: Slots) -> None:
        self.corpus, self.slots = corpus, slots
        rows = np.repeat(np.arange(len(slots.rows) - 1), np.diff(slots.rows))
        self.slot = {pair: index for index, pair in enumerate(zip(rows.tolist(), slots.targets.tolist(), strict=True))}

    def sentences(self) -> list[tuple[NDArray[np.int32], NDArray[np.int32]]]:
        source, target = self.corpus.source, self.corpus.target
        cuts = zip(np.split(source.ids, source.offsets[1:-1]), np.split(target.ids, target.offsets[1:-1]), strict=True)
        return list(cuts)

    def grid(self, values: NDArray[np.float32], source: NDArray[np.int32], target: NDArray[np.int32]) -> Matrix:
        """(source words, target words) the values of their slots."""
        return np.array([[float(values[self.slot[int(a), int(b)]]) for b in target] for a in source])

    def add(self, sums: Matrix, source: NDArray[np.int32], target: NDArray[np.int32], grid: Matrix) -> None:
        for i, a in enumerate(source):
            for j, b in enumerate(target):
                sums[self.slot[int(a), int(b)]] += grid[i, j]


@dataclass
class Sums:
    counts: Matrix
    null_source: Matrix
    null_target: Matrix
    statistics: Matrix
    likelihood: Matrix
    forward: list[int]
    reverse: list[int]


def diagonal_pass(tables: Tables, lexical: Lexical, tensions: tuple[float, float]) -> Sums:
    """An E-step of the fast model."""

    def explain(emit: Matrix, null: Matrix, direction: int) -> Explained:
        return diagonal(emit, null, lexical.null_probability, tensions[direction])

    return _pass(tables, lexical, explain, agreement=False)


def hidden_markov_pass(tables: Tables, lexical: Lexical, model: Jumps) -> Sums:
    """An E-step of the hidden Markov model."""

    def explain(emit: Matrix, null: Matrix, direction: int) -> Explained:
        return hidden_markov(emit, null, lexical.null_probability, model.steps[direction], model.starts[direction])

    return _pass(tables, lexical, explain, agreement=model.agreement)


def _pass(tables, lexical, explain, *, agreement) -> Sums:
    sums = Sums(
        np.zeros((len(tables.slots), 1 if agreement else 2)),
        np.zeros(len(lexical.null_source)),
        np.zeros(len(lexical.null_target)),
        np.zeros(0),
        np.zeros((len(tables.corpus), 2)),
        [],
        [],
    )
    distances, steps, starts = [0.0, 0.0], (Counter(), Counter()), (Counter(), Counter())
    for index, (source, target) in enumerate(tables.sentences()):
        if not len(source):
            continue
        forth = explain(
            tables.grid(lexical.table[:, 0], source, target).T, lexical.null_target[target].astype(float), 0
        )
        back = explain(tables.grid(lexical.table[:, 1], source, target), lexical.null_source[source].astype(float), 1)
        grids = (forth.posteriors.T, back.posteriors)
        if agreement:
            tables.add(sums.counts[:, 0], source, target, grids[0] * grids[1])
        else:
            for direction in (0, 1):
                tables.add(sums.counts[:, direction], source, target, grids[direction])
        np.add.at(sums.null_target, target, forth.nulls)
        np.add.at(sums.null_source, source, back.nulls)
        sums.likelihood[index] = forth.likelihood, back.likelihood
        sums.forward.extend(_decide(forth))
        sums.reverse.extend(_decide(back))
        for direction, side in enumerate((forth, back)):
            distances[direction] += side.far
            steps[direction].update(side.steps)
            starts[direction].update(side.starts)
    if any(steps) or any(starts):
        jumps = [counter[jump] for counter in steps for jump in range(-REACH, REACH + 1)]
        sums.statistics = np.array([*jumps, *(counter[place] for counter in starts for place in range(REACH + 1))])
    else:
        sums.statistics = np.array(distances)
    return sums


def _decide(explained: Explained) -> list[int]:
    best = explained.posteriors.argmax(axis=1)
    return [
        int(cause) if row[cause] > null else -1
        for row, cause, null in zip(explained.posteriors, best, explained.nulls, strict=True)
    ]


def bayes(counts: Matrix, kinds: NDArray[np.int64], alpha: float) -> Matrix:
    """Variational Bayes under a symmetric Dirichlet prior, over the outcomes of each kind that were ever seen."""
    totals = np.bincount(kinds, weights=counts + alpha)
    if alpha == 0:
        return counts / totals[kinds]
    return np.exp(digamma(counts + alpha) - digamma(totals[kinds]))
