"""Examples shared between languages, and the probes measured on them."""

from __future__ import annotations

import numpy as np

from crosslift.api.examples import PairExample
from crosslift.data.parallel import shared_ids
from crosslift.retrieval.probes import parallel_texts, retrieval


def pairs(**texts: str) -> list[PairExample]:
    return [PairExample(key.strip("_"), text, "hypothesis", None) for key, text in texts.items()]


def test_shared_ids_are_those_of_all_languages_but_the_ones_that_share_none() -> None:
    ids = {"nah": ["nah-0"], "quy": ["2", "0"], "gn": ["0", "1", "2"]}
    assert shared_ids(ids) == (["quy", "gn"], ["2", "0"])
    assert shared_ids({"gn": ["0"], "nah": ["nah-0"]}) == ([], [])
    assert shared_ids({"gn": ["0"]}) == shared_ids({}) == ([], [])
    # Two groups without a common id: no id is in all languages.
    assert shared_ids({"a": ["0"], "b": ["0"], "c": ["1"], "d": ["1"]}) == ([], [])


def test_texts_are_translations_and_without_repeated_ones() -> None:
    examples = {
        "nah": pairs(own="x"),
        "gn": pairs(_1="one", _2="one", _3="three"),
        "quy": pairs(_3="drei", _2="eins", _1="eins"),
    }
    assert parallel_texts(examples) == {
        "gn": [("1", "one"), ("3", "three")],
        "quy": [("1", "eins"), ("3", "drei")],
    }
    assert parallel_texts({"gn": examples["gn"]}) == {}


def test_without_the_source_retrieval_is_among_the_languages() -> None:
    eye = np.eye(4, dtype=np.float32)
    space = {"a": eye, "b": eye, "c": eye[[1, 0, 2, 3]]}
    values = {row["language"]: row["value"] for row in retrieval(space, "en", "align")}
    assert values == {"a": 75, "b": 75, "c": 50}
    assert {row["language"]: row["value"] for row in retrieval(space, "a", "align")} == {"b": 100, "c": 50}
