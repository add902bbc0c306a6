"""The E-step against naive models in float64, and against itself on another number of threads."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from crosslift.wordalign.diagonal import Diagonal
from crosslift.wordalign.expectation import Expectation
from crosslift.wordalign.hmm import Jumps
from crosslift.wordalign.kernels.hmm import REACH, UNIFORM
from tests.unit.wordalign import corpora, oracles

TENSIONS = (3.0, 6.5)
LONG = [("a b c d e f " * 8, "x y z " * 15), ("b", "x y"), ("c " * 60, "z")]
"""Jumps beyond the reach, and one word against many."""


def jumps(*, agreement: bool) -> Jumps:
    rng = np.random.default_rng(3)
    steps, starts = rng.random((2, 2 * REACH + 1)) + 0.01, rng.random((2, REACH + 1)) + 0.01
    return Jumps(steps / steps.sum(1, keepdims=True), starts / starts.sum(1, keepdims=True), agreement)


def corpus_of(name: str) -> corpora.Texts:
    return {"handmade": corpora.HANDMADE, "lab": corpora.texts(corpora.lab(25)), "long": LONG}[name]


def compare(name: str, model, oracle):
    """What the aligner expects is what the oracle does."""
    corpus, slots, words = corpora.read(corpus_of(name))
    lexical = corpora.random_lexical(slots, words)
    found = Expectation(corpus, slots, threads=1).run(model, lexical, decode=True)
    assert_equal(found, oracle(oracles.Tables(corpus, slots), lexical), corpus)


def assert_equal(found, expected, corpus):
    for name in ("counts", "statistics", "likelihood"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-4, atol=1e-8, err_msg=name)
    for name, side in (("null_source", corpus.source), ("null_target", corpus.target)):
        # The hidden Markov model has the empty word's share from 1 - that of all others, in single precision: how far
        # the sum over a long sentence rounds depends on the processor's vectors.
        rounding = 2e-6 * np.bincount(side.ids)
        apart = np.abs(getattr(found, name) - getattr(expected, name))
        assert (apart <= 1e-4 * getattr(expected, name) + rounding).all(), name
    assert found.forward.tolist() == expected.forward
    assert found.reverse.tolist() == expected.reverse


@pytest.mark.parametrize("name", ["handmade", "lab", "long"])
def test_the_fast_model_is_ibm_model_2_with_a_diagonal_prior(name):
    compare(name, Diagonal(TENSIONS), lambda *given: oracles.diagonal_pass(*given, TENSIONS))


@pytest.mark.parametrize("agreement", [True, False])
@pytest.mark.parametrize("name", ["handmade", "lab", "long"])
def test_the_hidden_markov_model_is_forward_backward(name, agreement):
    model = jumps(agreement=agreement)
    compare(name, model, lambda *given: oracles.hidden_markov_pass(*given, model))


def test_the_oracle_of_the_hidden_markov_model_sums_over_all_paths():
    rng = np.random.default_rng(0)
    emit, null = rng.random((4, 3)), rng.random(4)
    steps, starts, p_null = rng.random(2 * REACH + 1), rng.random(REACH + 1), 0.2
    jump = np.array([[steps[i - p + REACH] for i in range(3)] for p in range(3)])
    jump, first = (1 - UNIFORM) * jump / jump.sum(1, keepdims=True) + UNIFORM / 3, starts[:3] / starts[:3].sum()
    total, linked = 0.0, np.zeros((4, 3))
    for path in product(range(6), repeat=4):  # state i < 3: linked to i; 3 + i: no link, the last one was to i
        chance = 1.0
        for j, state in enumerate(path):
            here, before = state % 3, path[j - 1] % 3 if j else -1
            if state < 3:
                chance *= (1 - p_null) * emit[j, here] * (jump[before, here] if j else first[here])
            else:
                chance *= p_null * null[j] * (float(before == here) if j else first[here])
        total += chance
        for j, state in enumerate(path):
            if state < 3:
                linked[j, state] += chance
    explained = oracles.hidden_markov(emit, null, p_null, steps, starts)
    assert explained.likelihood == pytest.approx(np.log(total))
    np.testing.assert_allclose(explained.posteriors, linked / total, rtol=1e-12)
    # What a jump to anywhere explains is not learned from.
    assert 0 < sum(explained.steps.values()) < explained.posteriors[1:].sum()


@pytest.mark.parametrize("model", [Diagonal(TENSIONS), jumps(agreement=True), jumps(agreement=False)])
def test_blocks_do_not_change_the_result(model, monkeypatch):
    pairs = corpora.texts(corpora.lab(40))
    whole = corpora.expected(pairs, model)
    monkeypatch.setattr("crosslift.wordalign.corpus.BLOCK_LINKS", 300)
    monkeypatch.setattr("crosslift.wordalign.corpus.CHUNK_LINKS", 70)
    cut = corpora.expected(pairs, model)
    for name in ("counts", "null_source", "null_target", "forward", "reverse", "likelihood"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name)), name
    np.testing.assert_allclose(whole.statistics, cut.statistics, rtol=1e-6)


@corpora.two_threads
@pytest.mark.parametrize("model", [Diagonal(TENSIONS), jumps(agreement=True), jumps(agreement=False)])
def test_counts_do_not_depend_on_threads_to_the_last_bit(model):
    pairs = corpora.random_texts(1500)
    one, two, again = (corpora.expected(pairs, model, threads=threads) for threads in (1, 2, 2))
    for name, values in vars(one).items():
        assert np.array_equal(values, getattr(two, name)), name
        assert np.array_equal(values, getattr(again, name)), name


@pytest.mark.parametrize("model", [Diagonal(TENSIONS), jumps(agreement=False)])
def test_every_word_is_explained_once(model):
    corpus, slots, words = corpora.read(corpora.texts(corpora.lab(40)))
    found = Expectation(corpus, slots, threads=1).run(model, corpora.random_lexical(slots, words))
    sides = ((corpus.target, found.null_target, slots.targets), (corpus.source, found.null_source, None))
    for channel, (side, nulls, kinds) in enumerate(sides):
        rows = np.repeat(np.arange(len(words[0])), np.diff(slots.rows)) if kinds is None else kinds
        sums = np.bincount(rows, weights=found.counts[:, channel]) + nulls
        np.testing.assert_allclose(sums, np.bincount(side.ids), rtol=1e-5)


def test_a_sentence_of_improbable_words_has_posteriors_still():
    """Thousands of orders of magnitude below one, as a long sentence of unknown words is."""
    corpus, slots, words = corpora.read([(" ".join(f"s{n}" for n in range(120)), " ".join(f"t{n}" for n in range(90)))])
    lexical = corpora.random_lexical(slots, words)
    lexical.table[:] = 1e-15
    lexical.table[::97] = 1.0
    for model in (Diagonal((14.0, 14.0)), Jumps.initial()):
        found = Expectation(corpus, slots, threads=1).run(model, lexical, decode=True)
        assert all(np.isfinite(values).all() for values in vars(found).values())
