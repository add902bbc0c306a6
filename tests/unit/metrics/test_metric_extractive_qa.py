"""Metrics of answers: the two rules written again from their description, and cases of the papers' scripts."""

from __future__ import annotations

import string
import unicodedata

import numpy as np
import pytest

from crosslift.api import registry
from crosslift.metrics.bases.extractive_qa import mlqa_normalised, squad_normalised

ARTICLES = {
    "en": "a an the",
    "es": "un una unos unas el la los las",
    "vi": "của là cái chiếc những",
    "de": "ein eine einen einem eines einer der die das den dem des",
}
PIECES = [
    *(
        "The",
        "a",
        "An",
        "der",
        "die",
        "Los",
        "là",
        "của",
        "House",
        "Brücke",
        "في",
        "البيت",
        "والقلم",
        "中文",
        "大a学",
        "東京",
    ),
    *(",", "«", "»", "。", "!", "-", "'", "’", "$", "  ", " ", "\t", "1,990", "U.S.", "state-of-the-art", "हिन्दी", "।"),
]


def words(text: str, *, ignored: set[str]) -> list[str]:
    """Return the runs of word characters and of others, blanks left out; words in `ignored` cut what is around them."""
    found, run = [], ""
    for character in f"{text} ":
        if character.isspace():
            found += [run] if run else []
            run = ""
        else:
            run += character
    parts = []
    for token in found:
        # An article is a maximal run of letters, digits and marks that \\w matches.
        current = ""
        split: list[str] = []
        for character in token:
            is_word = character == "_" or character.isalnum()
            if current and (current[-1] == "_" or current[-1].isalnum()) != is_word:
                split.append(current)
                current = ""
            current += character
        split.append(current)
        joined = ""
        for part in split:
            if part in ignored:
                parts += [joined] if joined else []
                joined = ""
            else:
                joined += part
        parts += [joined] if joined else []
    return parts


def squad_rule(text: str) -> str:
    lowered = text.lower().translate({ord(mark): None for mark in string.punctuation})
    return " ".join(words(lowered, ignored={"a", "an", "the"}))


def mlqa_rule(text: str, language: str) -> str:
    kept = [c for c in text.lower() if unicodedata.category(c)[0] != "P" and c not in string.punctuation]
    bare = "".join(kept)
    if language == "ar":
        bare = bare.replace("\u0627\u0644", " ")
    parts = words(bare, ignored=set(ARTICLES.get(language, "").split()))
    if language != "zh":
        return " ".join(parts)
    apart = "".join(f" {c} " if 0x4E00 <= ord(c) <= 0x9FA5 else c for part in parts for c in f"{part} ")
    return " ".join(apart.split())


@pytest.mark.parametrize("language", ["ar", "de", "en", "es", "hi", "vi", "zh"])
def test_rules_equal_their_description(language: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        text = "".join(rng.choice(PIECES, size=rng.integers(0, 9)))
        assert squad_normalised(text) == squad_rule(text)
        assert mlqa_normalised(text, language) == mlqa_rule(text, language)


@pytest.mark.parametrize(
    ("metric", "language", "prediction", "gold", "score"),
    [
        # SQuAD's official dev set, question 56be4db0acb8001400a502ec: three annotators, two different answers.
        ("exact_match", "en", "the denver broncos.", ["Denver Broncos", "Broncos"], 100),
        # Two of three words, both of the answer's: precision 2/3, recall 1.
        ("f1", "en", "Denver Broncos team", ["Denver Broncos", "Broncos"], 80),
        ("f1", "en", "Carolina Panthers", ["Denver Broncos"], 0),
        # SQuAD's rule knows English articles alone, whatever the language: XQuAD and TyDiQA are scored so.
        ("exact_match", "de", "die Brücke", ["Brücke"], 0),
        ("mlqa_exact_match", "de", "die Brücke", ["Brücke"], 100),
        ("mlqa_exact_match", "en", "die Brücke", ["Brücke"], 0),
        ("exact_match", "es", "«Madrid»", ["Madrid"], 0),
        ("mlqa_exact_match", "es", "«Madrid»", ["Madrid"], 100),
        # The script removes the two letters anywhere: "wal-qalam" becomes "w qalam".
        ("mlqa_f1", "ar", "والقلم", ["قلم"], 200 / 3),
        # Five of six ideographs; without blanks SQuAD's rule sees one word each.
        ("mlqa_f1", "zh", "中华人民共和", ["中华人民共"], 100 * 2 * 5 / 11),
        ("f1", "zh", "中华人民共和", ["中华人民共"], 0),
        # Nothing is left of either: equal, but no word in common.
        ("exact_match", "en", "the", ["a"], 100),
        ("f1", "en", "the", ["a"], 0),
    ],
)
def test_cases(metric: str, language: str, prediction: str, gold: list[str], score: float) -> None:
    record = {"prediction": prediction, "gold": gold, "language": language}
    assert registry.load("metric", metric)()([record]) == pytest.approx(score)


def test_a_score_is_the_mean_over_questions() -> None:
    records = [{"prediction": "x", "gold": [text]} for text in ("x", "y", "x y", "z")]
    assert registry.load("metric", "f1")()(records) == pytest.approx(100 * (1 + 0 + 2 / 3 + 0) / 4)
    assert registry.load("metric", "exact_match")()(records) == 25
