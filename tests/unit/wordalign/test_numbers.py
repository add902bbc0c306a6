"""Words as numbers: reading, slots of word pairs, classes of words, and spelling."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslift.wordalign import corpus
from crosslift.wordalign.corpus import Reader, Vocabulary, blocks
from crosslift.wordalign.lexical import places, spelling, stem_classes, stem_table, stems
from crosslift.wordalign.slots import group
from tests.unit.wordalign import corpora

LETTERS = st.lists(st.sampled_from("abcde"), max_size=6).map(" ".join)
PAIRS = st.lists(st.tuples(LETTERS, LETTERS), max_size=8)


def pairs_of(slots):
    rows = np.repeat(np.arange(len(slots.rows) - 1), np.diff(slots.rows))
    return list(zip(rows.tolist(), slots.targets.tolist(), strict=True))


def test_reading_keeps_places_and_counts_what_is_too_long(monkeypatch):
    monkeypatch.setattr(corpus, "BUFFERED_TOKENS", 3)
    source, target = Vocabulary(), Vocabulary()
    pairs = [("a b", "x"), ("", "x"), ("c c c c", "x"), ("a", "x x x x"), ("b a", "y x y"), ("a", "")]
    found = Reader(source, target, max_length=3).read((a.split(), b.split()) for a, b in pairs)
    assert (list(source), list(target)) == (["a", "b"], ["x", "y"])
    assert found.source.ids.tolist() == [0, 1, 1, 0]
    assert found.target.ids.tolist() == [0, 1, 0, 1]
    assert found.source.lengths.tolist() == [2, 0, 0, 0, 2, 0]
    assert found.target.lengths.tolist() == [1, 0, 0, 0, 3, 0]
    assert found.links.tolist() == [0, 2, 2, 2, 2, 8, 8]
    assert (len(found), found.skipped, found.whole) == (6, 2, 6)


def test_a_slice_is_a_corpus_of_its_own():
    corpus, _, _ = corpora.read(corpora.texts(corpora.lab(20)))
    part = corpus.slice(5, 12).slice(2, 7)
    assert (len(part), part.start, part.whole) == (5, 7, 20)
    for side, whole in ((part.source, corpus.source), (part.target, corpus.target)):
        assert side.offsets[0] == 0
        assert np.array_equal(side.ids, whole.ids[whole.offsets[7] : whole.offsets[12]])


@settings(deadline=None)
@given(PAIRS)
def test_every_pair_of_words_that_meets_has_one_slot(pairs):
    _, slots, words = corpora.read(pairs)
    named = [(words[0][a], words[1][b]) for a, b in pairs_of(slots)]
    usable = [(source.split(), target.split()) for source, target in pairs]
    assert set(named) == {(a, b) for source, target in usable for a in source for b in target}
    assert len(set(named)) == len(named)
    streamed = [named[slot] for slot in slots.stream.tolist()]
    assert streamed == [(a, b) for source, target in usable for a in source for b in target]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(1, 30), st.integers(1, 120))
def test_blocks_cover_all_pairs_in_order(sizes, chunk, block):
    links = np.concatenate([[0], np.cumsum(sizes)])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(corpus, "CHUNK_LINKS", chunk)
        patched.setattr(corpus, "BLOCK_LINKS", block)
        made = [edges.tolist() for edges in blocks(links)]
    assert made[0][0] == 0
    assert made[-1][-1] == len(sizes)
    assert all(before[-1] == after[0] for before, after in pairwise(made))
    assert all(a < b for edges in made for a, b in pairwise(edges))


@settings(deadline=None)
@given(PAIRS, st.data())
def test_slots_of_classes(pairs, data):
    _, slots, words = corpora.read(pairs)
    classes = [
        np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(side), max_size=len(side))), np.int32)
        for side in words
    ]
    grouped = group(slots, *classes)
    of_classes = pairs_of(grouped)
    assert len(set(of_classes)) == len(of_classes)
    assert [of_classes[slot] for slot in grouped.stream] == [
        (int(classes[0][a]), int(classes[1][b])) for a, b in pairs_of(slots)
    ]


@settings(deadline=None)
@given(PAIRS, st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4))))
def test_entries_are_found_among_slots(pairs, entries):
    _, slots, words = corpora.read(pairs)
    known = sorted((a, b) for a, b in entries if a < len(words[0]) and b < len(words[1]))
    rows = np.searchsorted([a for a, _ in known], np.arange(len(words[0]) + 1))
    found = places(slots, rows, np.array([b for _, b in known], np.int32), len(words[1]))
    assert found.tolist() == [known.index(pair) if pair in known else -1 for pair in pairs_of(slots)]


def test_spelling():
    source, target = "house Haus wind window ab ошибка", "house haus wind windows ab ошибки"
    _, slots, words = corpora.read([(source, target)])
    likeness = dict(
        zip(
            [(words[0][a], words[1][b]) for a, b in pairs_of(slots)],
            spelling(slots, words, length=4).tolist(),
            strict=True,
        )
    )
    assert {pair: value for pair, value in likeness.items() if value} == pytest.approx(
        {
            ("house", "house"): 1,
            ("wind", "wind"): 1,
            ("wind", "windows"): 4 / 7,
            ("window", "wind"): 4 / 6,
            ("window", "windows"): 6 / 7,
            ("ab", "ab"): 1,
            ("ошибка", "ошибки"): 5 / 6,
        }
    )


def test_stems():
    _, slots, words = corpora.read([("kato kati mego kato", "hund hunde"), ("kati", "hund")])
    classes = stem_classes(words, 3)
    assert [kinds.tolist() for kinds in classes] == [[0, 0, 1], [0, 0]]
    frequencies = (np.array([2, 2, 1]), np.array([2, 1]))
    made = stems(slots, words, frequencies, length=3, weight=5.0)
    assert made.source_share.tolist() == pytest.approx([0.5, 0.5, 1.0])
    assert made.target_share.tolist() == pytest.approx([2 / 3, 1 / 3])
    counts = np.ones((len(slots), 1), np.float32)  # six pairs of words: four of kat-, two of mego
    sums = made.counts(counts)
    assert sums[:, 0].tolist() == [4, 2]
    np.testing.assert_allclose(stem_table(made.slots, sums), [[1, 1], [4 / 6, 2 / 6]], rtol=1e-6)


def test_a_word_never_seen_has_a_share_of_its_stem_and_takes_none_from_others():
    _, slots, words = corpora.read([("kato kati katu", "x")])
    made = stems(slots, words, (np.array([3, 1, 0]), np.array([1])), length=3, weight=5.0)
    assert made.source_share.tolist() == pytest.approx([3 / 4, 1 / 4, 1 / 5])
