"""Tagging F1 is seqeval's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslift.metrics.tagging_f1 import TaggingF1, chunks
from crosslift.tasks.udpos import Udpos

UPOS = list(Udpos.labels)
IOB2 = ["O", *(f"{mark}-{kind}" for mark in "BI" for kind in ("PER", "ORG", "LOC"))]
OTHERS = [*IOB2, "E-PER", "S-LOC", "B", "I", "E", "S", "B-a-b", "I-a-b", "."]


def seqeval_chunks(tags):
    metrics = pytest.importorskip("seqeval.metrics.sequence_labeling")
    with warnings.catch_warnings(action="ignore"):
        return metrics.get_entities(list(tags))


@pytest.mark.parametrize("tagset", [UPOS, IOB2, OTHERS], ids=["upos", "iob2", "others"])
def test_chunks_are_those_of_seqeval_on_random_tags(tagset):
    rng = np.random.default_rng(0)
    for _ in range(300):
        tags = rng.choice(tagset, size=rng.integers(0, 12)).tolist()
        assert chunks(tags) == seqeval_chunks(tags)


@given(st.lists(st.sampled_from(UPOS + OTHERS), max_size=10))
def test_chunks_are_those_of_seqeval_on_any_tags(tags):
    assert chunks(tags) == seqeval_chunks(tags)


@pytest.mark.parametrize("tagset", [UPOS, IOB2], ids=["upos", "iob2"])
@pytest.mark.parametrize("seed", range(3))
def test_the_score_of_a_corpus_is_that_of_seqeval(tagset, seed):
    seqeval = pytest.importorskip("seqeval.metrics")
    rng = np.random.default_rng(seed)
    # No sentence begins with X: there seqeval lets chunks cross sentences (see the next test).
    gold = [[tagset[0], *rng.choice(tagset, size=rng.integers(1, 20)).tolist()] for _ in range(200)]
    noisy = [[tags[0]] + [tag if rng.random() < 0.8 else str(rng.choice(tagset)) for tag in tags[1:]] for tags in gold]
    records = [{"id": str(i), "prediction": p, "gold": g} for i, (p, g) in enumerate(zip(noisy, gold, strict=True))]
    with warnings.catch_warnings(action="ignore"):
        expected = 100 * seqeval.f1_score(gold, noisy)
    assert TaggingF1()(records) == pytest.approx(expected, abs=1e-12)


HOSTILE = [tag for tag in (*IOB2, *OTHERS) if tag[0] in "BIESO"]
"""Chunks that begin inside, end before they begin, change their type midway, or have none."""


@given(st.lists(st.lists(st.tuples(st.sampled_from(HOSTILE), st.sampled_from(HOSTILE)), min_size=1), min_size=1))
def test_the_score_of_a_corpus_of_hostile_tags_is_that_of_seqeval(sentences):
    seqeval = pytest.importorskip("seqeval.metrics")
    gold, predicted = ([[pair[side] for pair in sentence] for sentence in sentences] for side in (0, 1))
    records = [{"prediction": p, "gold": g} for p, g in zip(predicted, gold, strict=True)]
    with warnings.catch_warnings(action="ignore"):
        expected = 100 * seqeval.f1_score(gold, predicted)
    assert TaggingF1()(records) == pytest.approx(expected, abs=1e-9)


def test_a_chunk_of_x_begins_with_its_sentence_though_seqeval_joins_it_to_the_one_before():
    gold, predicted = [["DET", "NOUN"], ["X", "NOUN"]], [["NOUN", "NOUN"], ["X", "NOUN"]]
    records = [{"prediction": p, "gold": g} for p, g in zip(predicted, gold, strict=True)]
    assert chunks(["X", "NOUN"]) == seqeval_chunks(["X", "NOUN"]) == [("_", 0, 0), ("OUN", 1, 1)]
    assert seqeval_chunks(gold)[2] == ("_", 1, 3)
    assert TaggingF1()(records) == pytest.approx(100 * 2 * 2 / (3 + 4))


def test_it_is_not_accuracy_on_bare_tags():
    record = {"id": "0", "prediction": ["NOUN", "NOUN", "VERB"], "gold": ["NOUN", "VERB", "VERB"]}
    assert TaggingF1()([record]) == 0
