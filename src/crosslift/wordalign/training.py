"""Expectation maximization, and the trained model that it yields, which aligns any text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from crosslift.wordalign import lexical
from crosslift.wordalign.corpus import Corpus, Offsets
from crosslift.wordalign.diagonal import Diagonal
from crosslift.wordalign.expectation import Distortion, Expected, Lexical
from crosslift.wordalign.hmm import Jumps
from crosslift.wordalign.lexical import Frequencies, Prior, Totals, Words
from crosslift.wordalign.settings import FAST_ALPHA, AlignerSettings
from crosslift.wordalign.slots import Slots, group

LEAST_COUNT = 1e-3
"""Word pairs with a lower expected count are dropped at the end of training."""

Number = TypeVar("Number", bound=np.generic)
EStep = Callable[[Distortion, Lexical, bool], Expected]
Entries = Iterable[tuple[int, int]]
"""Lexicon entries as type ids."""


@dataclass(frozen=True)
class Trained:
    """A trained model.

    Args:
        words: the forms of source and target types.
        frequencies: number of tokens of each source and target type.
        rows: (source types + 1,) the start of the word pairs of each source type.
        targets: (word pairs,) the target type of each.
        counts: (word pairs, channels) expected links.
        totals: counts and pseudo-counts of each source and of each target type.
        nulls: expected number of tokens without a link of source and target types.
        distortion: the distribution of link positions.
    """

    words: Words
    frequencies: Frequencies
    rows: Offsets
    targets: NDArray[np.int32]
    counts: NDArray[np.float32]
    totals: Totals
    nulls: tuple[NDArray[np.float64], NDArray[np.float64]]
    distortion: Distortion


@dataclass(frozen=True)
class Progress:
    """The progress of a pass: the mean log-likelihood per word over both directions, natural logarithm."""

    model: str
    iteration: int
    log_likelihood: float


def train(
    corpus: Corpus,
    slots: Slots,
    words: Words,
    settings: AlignerSettings,
    *,
    expect: EStep,
    lexicon: Entries = (),
    report: Callable[[Progress], None] = lambda _progress: None,
) -> tuple[Trained, Lexical]:
    """Return the model trained on a corpus, and its probabilities for the slots of that corpus."""
    frequencies = (_frequencies(corpus.source.ids, words[0]), _frequencies(corpus.target.ids, words[1]))
    known = _lexicon_bonus(slots, lexicon, settings, words)
    hmm = settings.model_type == "hmm"
    plain = Prior(settings.pseudo_count if not hmm else FAST_ALPHA, known)
    table = _uniform(slots, words, settings)
    model: Distortion = Diagonal()
    expected = None
    for iteration in range(settings.warm_up if hmm else settings.iterations - 1):
        expected = expect(model, table, False)
        report(Progress("fast", iteration + 1, _likelihood(expected, corpus)))
        # As in the published program, the tension is fixed in the first pass, before words are informative.
        model = model.updated(expected.statistics, corpus) if iteration else model
        table = lexical.estimate(expected, slots, plain, settings.null_probability)
    prior = plain
    if hmm:
        prior = _prior(slots, words, frequencies, settings, known)
        model = Jumps.initial(agreement=settings.agreement)
        for iteration in range(settings.iterations - 1):
            expected = expect(model, table, False)
            report(Progress("hmm", iteration + 1, _likelihood(expected, corpus)))
            model = model.updated(expected.statistics, corpus)
            table = lexical.estimate(expected, slots, prior, settings.null_probability)
    return _settle(expected, slots, prior, words, frequencies, model, settings)


def _settle(
    expected: Expected | None,
    slots: Slots,
    prior: Prior,
    words: Words,
    frequencies: Frequencies,
    model: Distortion,
    settings: AlignerSettings,
) -> tuple[Trained, Lexical]:
    """Drop word pairs with negligible counts, so that the saved model gives the same results as this one."""
    if expected is None:
        counts = np.zeros((len(slots), model.channels), np.float32)
        nulls = (np.zeros(len(words[0])), np.zeros(len(words[1])))
    else:
        counts, nulls = expected.counts, (expected.null_source, expected.null_target)
        counts[np.maximum(counts[:, 0], counts[:, -1]) < LEAST_COUNT] = 0
    table = lexical.stem_table(prior.stems.slots, prior.stems.counts(counts)) if prior.stems else None
    totals = lexical.totals(counts, slots, prior, table, len(words[1]))
    made = lexical.probabilities(counts, slots, prior, table, totals)
    null_source, null_target = (lexical.from_null(side, prior.alpha, len(side)) for side in nulls)
    kept = np.flatnonzero(np.maximum(counts[:, 0], counts[:, -1]))
    rows = np.searchsorted(kept, slots.rows)
    trained = Trained(words, frequencies, rows, slots.targets[kept], counts[kept], totals, nulls, model)
    return trained, Lexical(made, null_source, null_target, settings.null_probability)


def apply(trained: Trained, slots: Slots, words: Words, settings: AlignerSettings, lexicon: Entries = ()) -> Lexical:
    """Return the probabilities for other text; words of `words` after those of the model are new.

    The probability of a word pair does not depend on the rest of the text.
    """
    known = Slots(np.arange(len(trained.targets), dtype=np.int32), trained.rows, trained.targets)
    place = lexical.places(slots, known.rows, known.targets, len(words[1]))
    counts = _taken(trained.counts, place)
    bonus = _lexicon_bonus(slots, lexicon, settings, words)
    frequencies = (_longer(trained.frequencies[0], len(words[0]), 0), _longer(trained.frequencies[1], len(words[1]), 0))
    prior, table = Prior(settings.pseudo_count, bonus), None
    if settings.model_type == "hmm":
        prior = _prior(slots, words, frequencies, settings, bonus)
    if prior.stems is not None:
        table = _known_stems(trained, known, prior, words, settings)
    totals = (_longer(trained.totals[0], len(words[0]), 1.0), _longer(trained.totals[1], len(words[1]), 1.0))
    made = lexical.probabilities(counts, slots, prior, table, totals)
    null_source, null_target = (
        lexical.from_null(side, prior.alpha, size) for side, size in zip(trained.nulls, map(len, words), strict=True)
    )
    return Lexical(made, null_source, null_target, settings.null_probability)


def _known_stems(
    trained: Trained, known: Slots, prior: Prior, words: Words, settings: AlignerSettings
) -> NDArray[np.float32]:
    """Return the model's stem probabilities for the stem pairs of a text."""
    assert prior.stems is not None
    classes = lexical.stem_classes(words, settings.prefix_length)
    learned = group(known, classes[0][: len(trained.words[0])], classes[1][: len(trained.words[1])])
    sums = [np.bincount(learned.stream, weights=column, minlength=len(learned)) for column in trained.counts.T]
    table = lexical.stem_table(learned, np.stack(sums, axis=1))
    types = int(classes[1].max(initial=-1)) + 1
    place = lexical.places(prior.stems.slots, learned.rows, learned.targets, types)
    return np.ascontiguousarray(_taken(table.T, place).T)


def _prior(
    slots: Slots, words: Words, frequencies: Frequencies, settings: AlignerSettings, known: NDArray[np.float32]
) -> Prior:
    """Return the pseudo-counts of the hmm, from spelling, stems and the lexicon."""
    length = settings.prefix_length
    if length == 0:
        return Prior(settings.pseudo_count, known)
    bonus = settings.spelling_weight * lexical.spelling(slots, words, length=length)
    stems = lexical.stems(slots, words, frequencies, length=length, weight=settings.stem_weight)
    return Prior(settings.pseudo_count, (bonus + known if len(known) else bonus).astype(np.float32), stems)


def _lexicon_bonus(slots: Slots, lexicon: Entries, settings: AlignerSettings, words: Words) -> NDArray[np.float32]:
    entries = np.array(sorted(set(lexicon)), np.int64).reshape(-1, 2)
    if not len(entries):
        return np.empty(0, np.float32)
    rows = np.searchsorted(entries[:, 0], np.arange(len(words[0]) + 1))
    place = lexical.places(slots, rows, entries[:, 1].astype(np.int32), len(words[1]))
    return np.where(place >= 0, settings.lexicon_weight, 0).astype(np.float32)


def _uniform(slots: Slots, words: Words, settings: AlignerSettings) -> Lexical:
    """Return initial probabilities, equal for all words and the empty word."""
    source, target = (np.full(size, 1e-9, np.float32) for size in map(len, words))
    return Lexical(np.full((len(slots), 2), 1e-9, np.float32), source, target, settings.null_probability)


def _likelihood(expected: Expected, corpus: Corpus) -> float:
    tokens = len(corpus.source.ids) + len(corpus.target.ids)
    return float(expected.likelihood.sum(dtype=np.float64)) / max(1, tokens)


def _frequencies(ids: NDArray[np.int32], words: Sequence[str]) -> NDArray[np.int64]:
    return np.bincount(ids, minlength=len(words))


def _taken(values: NDArray[np.float32], place: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the rows at `place`, zeros where it is -1."""
    if not len(values):
        return np.zeros((len(place), *values.shape[1:]), np.float32)
    return np.where(place[:, None] >= 0, values[place], np.float32(0))


def _longer(values: NDArray[Number], size: int, fill: float) -> NDArray[Number]:
    return np.concatenate([values, np.full(size - len(values), fill, values.dtype)])
