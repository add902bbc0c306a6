"""Training: likelihood, the M-step, tension, and the aligner's EM against a naive one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import digamma

from crosslift.wordalign import WordAligner, lexical
from crosslift.wordalign.diagonal import Diagonal, tension
from crosslift.wordalign.expectation import Expectation
from crosslift.wordalign.hmm import Jumps
from crosslift.wordalign.kernels.diagonal import expected_distance
from crosslift.wordalign.kernels.lexical import FLOOR, exp_digamma
from crosslift.wordalign.lexical import Prior
from tests.unit.wordalign import corpora, oracles

NONE = np.empty(0, np.float32)


def uniform(slots, words):
    lexical = corpora.random_lexical(slots, words)
    for values in (lexical.table, lexical.null_source, lexical.null_target):
        values[:] = 1e-9
    return lexical


@pytest.mark.parametrize("value", [0.02, 0.05, 0.3, 0.999, 1.0, 1.5, 2.0, 3.999, 4.0, 17.3, 1e3, 1e6])
def test_exp_digamma_is_that_of_scipy(value):
    assert exp_digamma(value) == pytest.approx(np.exp(digamma(value)), rel=1e-8)


def test_exp_digamma_of_next_to_nothing_is_nothing():
    assert exp_digamma(0.019) == exp_digamma(0.0) == 0 < np.exp(digamma(0.019)) < 1e-21


@pytest.mark.parametrize("tension", [0.1, 4.0, 14.0])
def test_the_expected_distance_is_the_sum_over_all_positions(tension):
    lengths = [(1, 1), (3, 7), (7, 3), (12, 12), (1, 9), (9, 1)]  # (words, causes)
    causes, words = (np.array([pair[side] for pair in lengths]) for side in (1, 0))
    found = expected_distance(tension, causes, words, np.ones(len(lengths), np.int64))
    assert found == pytest.approx(oracles.expected_distance(lengths, tension), rel=1e-9)


def test_tension_settles_where_the_expected_distance_is_the_observed_one():
    lengths, counts = np.array([5, 9, 20]), np.array([3, 4, 2])
    far = expected_distance(6.0, lengths, lengths, counts)
    value = 4.0
    for _ in range(60):
        value = tension(value, far, lengths, lengths, counts)
    assert value == pytest.approx(6.0, abs=1e-3)
    assert tension(4.0, 0.0, lengths, lengths, counts) > 4.0 > tension(4.0, 2 * far, lengths, lengths, counts)


@pytest.mark.parametrize("alpha", [0.01, 0.1, 0.0])
@pytest.mark.parametrize("agreement", [True, False])
def test_the_m_step_is_variational_bayes(alpha, agreement):
    corpus, slots, words = corpora.read(corpora.texts(corpora.lab(30)))
    found = Expectation(corpus, slots, threads=1).run(
        Jumps.initial(agreement=agreement), corpora.random_lexical(slots, words)
    )
    estimated = lexical.estimate(found, slots, Prior(alpha, NONE), 0.08)
    rows = np.repeat(np.arange(len(words[0])), np.diff(slots.rows))
    for direction, kinds in enumerate((rows, slots.targets)):
        counts = found.counts[:, -1 if direction else 0].astype(float)
        expected = np.maximum(oracles.bayes(counts, kinds, alpha), FLOOR)
        np.testing.assert_allclose(estimated.table[:, direction], expected, rtol=1e-5)
    for made, counts in ((estimated.null_source, found.null_source), (estimated.null_target, found.null_target)):
        expected = oracles.bayes(counts, np.zeros(len(counts), int), alpha)
        np.testing.assert_allclose(made, np.maximum(expected, FLOOR), rtol=1e-5)
    assert estimated.null_probability == 0.08


@pytest.mark.parametrize("model", [Diagonal(), Jumps.initial(agreement=False)])
@pytest.mark.parametrize("target", ["qad", "qag"])
def test_likelihood_never_falls_under_em(model, target):
    """Exactly so for the translation probabilities, at maximum likelihood and with links where they are."""
    corpus, slots, words = corpora.read(corpora.texts(corpora.lab(150, target)))
    expectation = Expectation(corpus, slots, threads=1)
    table, likelihoods = uniform(slots, words), []
    for _ in range(12):
        found = expectation.run(model, table)
        likelihoods.append(found.likelihood.sum(dtype=np.float64) / len(corpus.source.ids))
        table = lexical.estimate(found, slots, Prior(0.0, NONE), 0.08)
    assert np.diff(likelihoods).min() >= -1e-6
    assert likelihoods[-1] > likelihoods[1] + 0.1


@pytest.mark.parametrize(
    "settings", [{"model_type": "fast"}, {"model_type": "hmm", "agreement": False, "prefix_length": 0}]
)
@pytest.mark.parametrize("target", ["qab", "qad", "qag", "qah"])
def test_likelihood_never_falls_while_distortion_is_learned_too(settings, target):
    aligner = WordAligner(threads=1, alpha=0.0, iterations=8, **settings)
    aligner.fit(corpora.texts(corpora.lab(150, target)))
    passes = [step.log_likelihood for step in aligner.history if step.model == settings["model_type"]]
    assert len(passes) == 7
    assert np.diff(passes).min() >= -1e-6


def test_fast_training_is_that_of_a_naive_program():
    """Five passes over lab bitext: the likelihood of each, tension, and all links."""
    pairs = corpora.texts(corpora.lab(60))
    corpus, slots, words = corpora.read(pairs)
    aligner = WordAligner("fast", threads=1, case_fold=False, strip_punctuation=False)
    links = [set(alignment.links) for alignment in aligner.fit_align(pairs, symmetrize="union")]
    tables, lexical, tensions = oracles.Tables(corpus, slots), uniform(slots, words), (4.0, 4.0)
    rows = np.repeat(np.arange(len(words[0])), np.diff(slots.rows))
    lengths = list(zip(corpus.target.lengths.tolist(), corpus.source.lengths.tolist(), strict=True))
    likelihoods = []
    for iteration in range(5):
        sums = oracles.diagonal_pass(tables, lexical, tensions)
        likelihoods.append(sums.likelihood.sum() / (len(corpus.source.ids) + len(corpus.target.ids)))
        if iteration == 4:
            break
        if iteration:
            tensions = tuple(
                _naive_tension(tension, far, [pair[::order] for pair in lengths])
                for tension, far, order in zip(tensions, sums.statistics, (1, -1), strict=True)
            )
        for direction, kinds in enumerate((rows, slots.targets)):
            lexical.table[:, direction] = np.maximum(oracles.bayes(sums.counts[:, direction], kinds, 0.01), FLOOR)
        for values, counts in ((lexical.null_source, sums.null_source), (lexical.null_target, sums.null_target)):
            values[:] = np.maximum(oracles.bayes(counts, np.zeros(len(counts), int), 0.01), FLOOR)
    assert [step.log_likelihood for step in aligner.history] == pytest.approx(likelihoods[:4], rel=1e-4)
    assert aligner.trained.distortion.tensions == pytest.approx(tensions, rel=1e-3)
    naive, at = [], [0, 0]
    for target_length, source_length in lengths:
        forward = sums.forward[at[0] : at[0] + target_length]
        reverse = sums.reverse[at[1] : at[1] + source_length]
        at[0], at[1] = at[0] + target_length, at[1] + source_length
        naive.append(
            {(i, j) for j, i in enumerate(forward) if i >= 0} | {(i, j) for i, j in enumerate(reverse) if j >= 0}
        )
    assert links == naive


def _naive_tension(tension, far, lengths):
    """Eight gradient steps, as the published program takes them."""
    tokens = sum(words for words, _ in lengths)
    for _ in range(8):
        tension += 20.0 * (oracles.expected_distance(lengths, tension) - far) / tokens
        tension = min(max(tension, 0.1), 14.0)
    return tension
