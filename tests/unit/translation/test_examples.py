from __future__ import annotations

from typing import Any

import pytest

from crosslift.api.examples import (
    ExtractiveQAExample,
    MultipleChoiceExample,
    PairExample,
    SentenceExample,
    TaggingExample,
)
from crosslift.errors import DataError
from crosslift.translation.examples import matched, texts, translated, with_words, word_rows

PAIR = PairExample("1", "a cat", "a dog", "neutral")
CHOICE = MultipleChoiceExample("2", "it rains", "effect", ("wet", "dry"), 0)
TAGGED = TaggingExample("3", ("a", "cat"), ("DET", "NOUN"))


def upper(rows: list[str]) -> list[str]:
    return [row.upper() for row in rows]


def test_texts_change_and_nothing_else() -> None:
    sentence = SentenceExample("0", "hello", "greeting")
    assert translated([sentence, PAIR, CHOICE], upper) == [
        SentenceExample("0", "HELLO", "greeting"),
        PairExample("1", "A CAT", "A DOG", "neutral"),
        MultipleChoiceExample("2", "IT RAINS", "effect", ("WET", "DRY"), 0),
    ]


@pytest.mark.parametrize("example", [TAGGED, ExtractiveQAExample("4", "who?", "a cat")])
def test_labels_that_belong_to_positions_are_refused(example: Any) -> None:
    with pytest.raises(DataError, match="belong to positions"):
        texts(example)


def test_translations_are_found_by_id_and_keep_the_labels() -> None:
    there = [PairExample("9", "x", "y"), PairExample("1", "eine Katze", "ein Hund")]
    assert matched([PAIR], there, where="here") == [PairExample("1", "eine Katze", "ein Hund", "neutral")]


def test_translations_in_another_order_are_errors() -> None:
    with pytest.raises(DataError, match="here: 1 of 1 examples have no translation, the first being '1'"):
        matched([PAIR], [PairExample("2", "x", "y", "neutral")], where="here")
    with pytest.raises(DataError, match="has the label 'entailment', its original 'neutral'"):
        matched([PAIR], [PairExample("1", "x", "y", "entailment")], where="here")


def test_a_tag_goes_with_its_word() -> None:
    assert list(word_rows(TAGGED)) == [("a", "cat")]
    moved = with_words(TAGGED, [[("cat", 1), ("the", 0)]])
    assert moved == TaggingExample("3", ("cat", "the"), ("NOUN", "DET"))
    assert with_words(PAIR, [[("cat", 1)], [("a", 0), ("dog", 1)]]) == PairExample("1", "cat", "a dog", "neutral")
