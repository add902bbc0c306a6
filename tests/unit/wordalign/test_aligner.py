"""The public behaviour of the word aligner."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslift.data.bitext import Bitext
from crosslift.encoder.scratch.tokenizer import train_tokenizer
from crosslift.errors import DataError, InputError, RecipeError
from crosslift.wordalign import WordAligner
from crosslift.wordalign.symmetrization import SYMMETRIZATIONS
from tests.unit.wordalign import corpora

MODELS = ("fast", "hmm")
WORD = st.text("abcdxyz", min_size=1, max_size=2)
TEXT = st.lists(WORD, max_size=9).map(" ".join)


def made(pairs, model="hmm", *, symmetrize="grow-diag-final-and", **given):
    """The links of each pair after training on them."""
    aligner = WordAligner(model, threads=given.pop("threads", 1), **given)
    return [alignment.links for alignment in aligner.fit_align(pairs, symmetrize=symmetrize)]


def f1(found, gold):
    right = sum(len(set(a) & set(b)) for a, b in zip(found, gold, strict=True))
    return 2 * right / (sum(map(len, found)) + sum(map(len, gold)))


# Measured on 1,000 pairs: fast 0.993, 0.929, 0.976; hmm 0.961, 0.948, 0.956.
@pytest.mark.parametrize(
    ("model", "target", "least"),
    [
        ("fast", "qad", 0.98),
        ("fast", "qaf", 0.91),
        ("fast", "qah", 0.96),
        ("hmm", "qad", 0.95),
        ("hmm", "qaf", 0.93),
        ("hmm", "qah", 0.94),
    ],
)
def test_it_finds_the_gold_links_of_the_lab(model, target, least):
    pairs = corpora.lab(1000, target)
    assert f1(made(corpora.texts(pairs), model), [pair.links for pair in pairs]) > least


@pytest.mark.parametrize("model", MODELS)
def test_training_again_gives_the_same(model):
    pairs = corpora.texts(corpora.lab(300))
    first, second = (WordAligner(model, threads=1) for _ in range(2))
    assert list(first.fit_align(pairs)) == list(second.fit_align(pairs))
    assert first.history == second.history
    assert np.array_equal(first.trained.counts, second.trained.counts)


@corpora.two_threads
@pytest.mark.parametrize("model", MODELS)
def test_nothing_depends_on_the_number_of_threads(model):
    pairs = corpora.random_texts(800)
    one, two = (WordAligner(model, threads=threads) for threads in (1, 2))
    assert list(one.fit_align(pairs)) == list(two.fit_align(pairs))
    assert one.history == two.history
    assert np.array_equal(one.trained.counts, two.trained.counts)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("target", ["qad", "qag"])
def test_swapping_the_sides_transposes_the_intersection(model, target):
    """But for ties: of two equally good links the first is taken, and single precision sums in another order."""
    pairs = corpora.texts(corpora.lab(300, target))
    there = made(pairs, model, symmetrize="intersection")
    back = made([pair[::-1] for pair in pairs], model, symmetrize="intersection")
    same = sum(set(a) == {(i, j) for j, i in b} for a, b in zip(there, back, strict=True))
    assert same >= len(pairs) - 2


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6), st.sampled_from(MODELS), st.sampled_from(SYMMETRIZATIONS)
)
def test_links_lie_inside_their_pair(pairs, model, method):
    pairs = [*pairs, ("a", "x")]
    links = made(pairs, model, symmetrize=method)
    assert len(links) == len(pairs)
    for (source, target), found in zip(pairs, links, strict=True):
        assert all(0 <= i < len(source.split()) and 0 <= j < len(target.split()) for i, j in found)
        assert list(found) == sorted(set(found))


@pytest.mark.parametrize("model", MODELS)
def test_pairs_without_links_keep_their_place(model):
    pairs = corpora.texts(corpora.lab(60))
    odd = [("", "x"), ("a b", ""), ("", ""), (" \t ", "x"), ("a " * 31, "x y"), ("a", "x " * 31)]
    mixed = [*odd[:2], *pairs[:20], *odd[2:4], *pairs[20:], *odd[4:]]
    aligner = WordAligner(model, threads=1, max_length=30)
    links = [alignment.links for alignment in aligner.fit_align(mixed)]
    assert aligner.skipped == 2
    assert links[2:22] + links[24:64] == made(pairs, model, max_length=30)
    assert [links[place] for place in (0, 1, 22, 23, 64, 65)] == [()] * 6
    assert list(aligner.align(mixed)) == links
    assert aligner.skipped == 2


def test_the_longest_pair_allowed_is_aligned():
    pairs = [("a b c", "x y z")] * 5
    aligner = WordAligner(threads=1, max_length=3)
    assert all(alignment.links for alignment in aligner.fit_align(pairs))
    assert aligner.skipped == 0


def test_a_pair_without_links_scores_nothing_and_others_less_than_nothing():
    aligner = WordAligner(threads=1)
    scores = [alignment.score for alignment in aligner.fit_align([("", "x"), ("a b", "x y"), ("a", "x"), ("b", "y")])]
    assert scores[0] == 0.0
    assert all(score < 0 for score in scores[1:])


@pytest.mark.parametrize("pairs", [[], [("", "")], [("a", ""), ("", "b")]])
def test_nothing_to_learn_from_is_a_clear_error(pairs):
    with pytest.raises(DataError, match="pair"):
        WordAligner(threads=1).fit(pairs)


@pytest.mark.parametrize("model", MODELS)
def test_one_word_sentences_are_linked(model):
    assert made([("a", "x"), ("b", "y"), ("a", "x"), ("b", "y")], model) == [((0, 0),)] * 4


@pytest.mark.parametrize("model", MODELS)
def test_a_word_that_occurs_twice_is_linked_twice(model):
    pairs = corpora.texts(corpora.lab(200, "qab"))
    twice = [(f"{source} {source}", f"{target} {target}") for source, target in pairs]
    count = sum(len(source.split()) for source, _ in pairs)
    links = made(pairs + twice, model)
    both = sum(len(found) for found in links[len(pairs) :])
    assert both > 1.9 * count


@pytest.mark.parametrize("model", MODELS)
def test_text_aligned_after_training_gets_the_links_of_training(model):
    pairs = corpora.texts(corpora.lab(500, "qag"))
    aligner = WordAligner(model, threads=1)
    assert list(aligner.fit_align(pairs)) == list(aligner.align_scored(pairs))


@pytest.mark.parametrize("model", MODELS)
def test_a_pair_of_new_text_is_aligned_by_itself(model):
    aligner = WordAligner(model, threads=1).fit(corpora.texts(corpora.lab(300)))
    new = [*corpora.texts(corpora.lab(30, seed=1)), ("unheard of .", "niegehört ."), ("unheard", "unerhört")]
    together = list(aligner.align_scored(new))
    assert [next(aligner.align_scored([pair])) for pair in new] == together
    assert list(aligner.align_scored(new[::-1])) == together[::-1]


def test_batches_do_not_change_links(monkeypatch):
    aligner = WordAligner(threads=1).fit(corpora.texts(corpora.lab(100)))
    new = [("", "x"), *corpora.texts(corpora.lab(25, seed=1)), ("a " * 501, "x")]
    whole = list(aligner.align_scored(new))
    monkeypatch.setattr("crosslift.wordalign.aligner.BATCH_PAIRS", 4)
    assert list(aligner.align_scored(new)) == whole
    assert aligner.skipped == 1


@pytest.mark.parametrize("model", MODELS)
def test_new_text_is_aligned_well(model):
    aligner = WordAligner(model, threads=1).fit(corpora.texts(corpora.lab(1000)))
    new = corpora.lab(100, seed=1)
    assert f1(list(aligner.align(corpora.texts(new))), [pair.links for pair in new]) > 0.93


@pytest.mark.parametrize("model", MODELS)
def test_text_of_unknown_words_is_aligned(model):
    aligner = WordAligner(model, threads=1).fit(corpora.texts(corpora.lab(100)))
    (alignment,) = aligner.align_scored([("Q1 Q2 Q3 Q4", "V1 V2 V3")])
    assert all(0 <= i < 4 and 0 <= j < 3 for i, j in alignment.links)
    assert np.isfinite(alignment.score)


def test_unknown_words_of_like_spelling_are_linked():
    aligner = WordAligner(threads=1).fit(corpora.texts(corpora.lab(200)))
    assert list(aligner.align([("Gorbatschow Wladiwostok", "Wladivostok Gorbatschew")])) == [((0, 1), (1, 0))]


def test_the_sides_of_a_bitext_or_cut_already_give_the_same():
    pairs = corpora.texts(corpora.lab(50))
    bitext = Bitext.from_pairs(pairs, languages=("qaa", "qad"))
    cut = [(source.split(), tuple(target.split())) for source, target in pairs]
    assert made(bitext) == made(pairs) == made(cut)


def test_pairs_may_come_from_a_generator_once():
    pairs = corpora.texts(corpora.lab(50))
    assert made(pair for pair in pairs) == made(pairs)


def test_subwords_of_a_tokenizer_are_aligned():
    pairs = corpora.texts(corpora.lab(200, "qab"))
    tokenizer = train_tokenizer([text for pair in pairs for text in pair], 150)
    subwords = [tuple(tokenizer.tokenize(text) for text in pair) for pair in pairs]
    assert sum(len(side) for pair in subwords for side in pair) > sum(
        len(text.split()) for pair in pairs for text in pair
    )
    links = made(pairs, tokenizer=tokenizer)
    assert links == made(subwords, strip_punctuation=False)
    assert max(j for _, j in links[0]) >= len(pairs[0][1].split())


@pytest.mark.parametrize("setting", ["case_fold", "strip_punctuation", "stem_length"])
def test_forms_that_are_one_word_are_counted_as_one(setting):
    changed = {"case_fold": str.upper, "strip_punctuation": "({}),".format, "stem_length": "{}ing".format}[setting]
    pairs = corpora.texts(corpora.lab(60, "qab"))
    inflected = [
        (" ".join(changed(word) if place % 2 else word for place, word in enumerate(source.split())), target)
        for source, target in pairs
    ]
    on = {"stem_length": 3} if setting == "stem_length" else {setting: True}
    off = {"stem_length": None} if setting == "stem_length" else {setting: False}
    aligners = [WordAligner(threads=1, **given).fit(inflected) for given in (on, off)]
    assert len(aligners[0].trained.words[0]) < len(aligners[1].trained.words[0])
    if setting != "stem_length":  # which makes one of the words themselves, too
        assert made(inflected, **on) == made(pairs, **on)


def test_words_with_the_same_beginning_help_each_other():
    """`kata` and `mega` are new, and spelled like no target word; words of their stems are known."""
    pairs = [("kato", "hund"), ("kati", "hund"), ("mego", "vogel"), ("megi", "vogel")] * 3
    aligners = (WordAligner(threads=1, prefix_length=length, spelling_weight=0.0).fit(pairs) for length in (3, 0))
    with_stems, without = (next(aligner.align([("kata mega", "vogel hund")])) for aligner in aligners)
    assert (with_stems, without) == (((0, 1), (1, 0)), ())


@pytest.mark.parametrize("model", MODELS)
def test_a_lexicon_raises_the_probability_of_its_entries(model):
    pairs = [("a b", "x y")] * 3 + [("c", "z")]
    crossed = [("a", "y"), ("b", "x"), ("never", "seen"), ("c", "elsewhere")]
    plain, told = (made(pairs, model, lexicon=lexicon, symmetrize="intersection")[0] for lexicon in ([], crossed))
    assert plain == ((0, 0), (1, 1))
    assert told == ((0, 1), (1, 0))


def test_a_lexicon_entry_is_folded_like_the_text():
    pairs = [("a b", "x y")] * 3
    assert made(pairs, lexicon=[("A,", "Y"), ("(B)", "X")])[0] == ((0, 1), (1, 0))


def test_progress_is_reported():
    seen = []
    aligner = WordAligner(threads=1, warm_up=2, iterations=4)
    aligner.fit(corpora.texts(corpora.lab(50)), report=seen.append)
    assert [(step.model, step.iteration) for step in seen] == [
        *(("fast", n) for n in (1, 2)),
        *(("hmm", n) for n in (1, 2, 3)),
    ]
    assert seen == aligner.history


@pytest.mark.parametrize("model", MODELS)
def test_one_iteration_is_enough_to_align(model):
    links = made(corpora.texts(corpora.lab(50)), model, iterations=1)
    assert len(links) == 50
    assert any(links)


def test_aligning_before_training_is_a_clear_error(tmp_path):
    for call in (lambda: WordAligner().align([("a", "b")]), lambda: WordAligner().save(tmp_path / "model")):
        with pytest.raises(InputError, match="learned nothing yet"):
            call()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"iteration": 3}, "unknown setting 'iteration'; did you mean 'iterations'"),
        ({"iterations": 0}, "iterations: .*found 0"),
        ({"null_probability": 1.0}, "null_probability: .*found 1.0"),
        ({"model_type": "ibm4"}, "model_type: .*found 'ibm4'"),
        ({"threads": 0}, "threads: found 0"),
    ],
)
def test_a_wrong_setting_is_named(given, message):
    with pytest.raises(RecipeError, match=message):
        WordAligner(**given)


def test_an_unknown_symmetrization_is_named_before_any_work():
    with pytest.raises(RecipeError, match="did you mean 'union'"):
        WordAligner(threads=1).fit_align([("a", "b")], symmetrize="unoin")
