"""Checks of splits before training and scoring."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crosslift.api.examples import (
    Answer,
    ExtractiveQAExample,
    MiningExample,
    MultipleChoiceExample,
    PairExample,
    RetrievalExample,
    SentenceExample,
    TaggingExample,
)
from crosslift.data import checks
from crosslift.errors import DataError
from crosslift.tasks.xnli import Xnli


def pairs(labels):
    return [PairExample(str(i), f"premise {i}", f"hypothesis {i}", label) for i, label in enumerate(labels)]


GOOD = {
    "sentence": [SentenceExample(str(i), "x", "ab"[i % 2]) for i in range(30)],
    "pair": pairs(["neutral", "entailment"] * 15),
    "tagging": [TaggingExample(str(i), ("x", "y"), ("NOUN", "VERB")) for i in range(30)],
    "extractive_qa": [ExtractiveQAExample(str(i), "q", "context", (Answer("con", i),)) for i in range(30)],
    "multiple_choice": [MultipleChoiceExample(str(i), "p", "q", ("a", "b"), i % 2) for i in range(30)],
    "retrieval": [RetrievalExample(str(i), "x", "y") for i in range(30)],
    "mining": [MiningExample("0", (("a", "x"),), (("b", "y"),), (("a", "b"),))],
}
PLACEHOLDERS = {
    "sentence": [SentenceExample(str(i), "x", "a") for i in range(30)],
    "pair": pairs(["neutral"] * 30),
    "tagging": [TaggingExample(str(i), ("x", "y"), ("X", "X")) for i in range(30)],
    "extractive_qa": [ExtractiveQAExample(str(i), "q", "context", (Answer("", 0),)) for i in range(30)],
    "multiple_choice": [MultipleChoiceExample(str(i), "p", "q", ("a", "b"), 0) for i in range(30)],
}
UNLABELLED = {
    "sentence": SentenceExample("0", "x"),
    "pair": PairExample("0", "x", "y"),
    "tagging": TaggingExample("0", ("x",)),
    "extractive_qa": ExtractiveQAExample("0", "q", "c"),
    "multiple_choice": MultipleChoiceExample("0", "p", "q", ("a", "b")),
    "mining": MiningExample("0", (), ()),
}


@pytest.mark.parametrize("task_type", GOOD)
def test_real_answers_pass(task_type):
    checks.placeholder_labels(GOOD[task_type], where="here")


@pytest.mark.parametrize("task_type", PLACEHOLDERS)
def test_one_answer_throughout_is_a_placeholder(task_type):
    with pytest.raises(DataError, match=r"xnli test in 'de': all 30 examples have the gold"):
        checks.placeholder_labels(PLACEHOLDERS[task_type], where="xnli test in 'de'")


def test_a_handful_of_equal_labels_may_be_chance():
    checks.placeholder_labels(pairs(["neutral"] * 5), where="here")


@pytest.mark.parametrize("task_type", UNLABELLED)
def test_missing_answers_are_counted(task_type):
    with pytest.raises(DataError, match="here: 1 of 31 examples have no gold answer"):
        checks.placeholder_labels([*(GOOD[task_type] * 30)[:30], UNLABELLED[task_type]], where="here")


def test_duplicates_are_counted_by_their_texts():
    examples = pairs(["neutral"] * 3)
    again = PairExample("9", examples[0].first, examples[0].second, "entailment")
    assert checks.duplicates(examples) == 0
    assert checks.duplicates([*examples, again]) == 1


def test_overlap_reports_the_count_and_an_example():
    train = pairs(["neutral"] * 5)
    test = [PairExample("a", "PREMISE 3", "hypothesis 3!", None), PairExample("b", "premise 4", "other", None)]
    found = checks.overlap(train, test)
    assert found is not None
    assert (found.count, found.total) == (1, 2)
    assert str(found) == ("1 of 2 test examples occur in the training data, for instance: PREMISE 3 / hypothesis 3!")
    assert checks.overlap(checks.identities(train), test) == found


def test_a_shared_premise_is_no_overlap():
    assert checks.overlap(pairs(["neutral"]), [PairExample("a", "premise 0", "other", None)]) is None


def test_overlap_can_be_an_error():
    train = pairs(["neutral"] * 5)
    with pytest.raises(DataError, match="xnli test in 'en': 2 of 2 test examples occur"):
        checks.check_overlap(train, train[:2], where="xnli test in 'en'")
    checks.check_overlap(train, [PairExample("a", "x", "y", None)], where="here")


def test_notes_report_unpublished_counts_and_repetitions():
    examples = pairs(["neutral"] * 2)
    again = replace(examples[0], label="entailment")
    found = {"de": [*examples, examples[0], again], "fr": examples, "ko": [*examples, examples[1]]}
    assert checks.notes(Xnli(), "test", found) == [
        "xnli test: another number of examples than published: de 4 for 5,010, fr 2 for 5,010",
        "xnli test: examples that repeat an earlier one: de 2, ko 1",
        "xnli test: repeated examples with another answer than before: de 1",
    ]
    assert checks.notes(Xnli(), "dev", {"ko": examples}) == []


def test_hypotheses_shared_with_training_are_counted():
    tests = {
        "en": [PairExample("a", "new", "HYPOTHESIS 1."), PairExample("b", "premise 1", "hypothesis")],
        "de": [PairExample("a", "neu", "Hypothese")],
    }
    assert checks.shared_hypotheses(pairs(["neutral"] * 2), tests, where="xnli test") == [
        "xnli test: second texts (hypotheses) that are second texts of training examples: en 1 of 2"
    ]
    assert checks.shared_hypotheses([SentenceExample("a", "hypothesis 1")], tests, where="x") == []
