"""Groups of languages, calibration, and fertility."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crosslift.encoder.encoder import Encoder
from crosslift.evaluation.fertility import fertility
from crosslift.evaluation.scores import by_group, calibration_error

FACTS = {
    "en": {"family": "Indo-European", "script": "Latn", "resources": "high"},
    "de": {"family": "Indo-European", "script": "Latn", "resources": "high"},
    "ru": {"family": "Indo-European", "script": "Cyrl", "resources": "high"},
    "sw": {"family": "Atlantic-Congo", "script": "Latn", "resources": "low"},
}


def row(language: str, value: float) -> dict[str, Any]:
    return {"task": "xnli", "metric": "accuracy", "selection": "last", "language": language, "value": value}


def test_groups_have_only_target_languages() -> None:
    rows = by_group([row("en", 90), row("de", 80), row("ru", 60), row("sw", 40), row("qaa", 1)], FACTS, "en")
    found = {(each["grouping"], each["group"]): (each["value"], each["languages"]) for each in rows}
    assert found == {
        ("family", "Indo-European"): (70, ["de", "ru"]),
        ("family", "Atlantic-Congo"): (40, ["sw"]),
        ("script", "Latn"): (60, ["de", "sw"]),
        ("script", "Cyrl"): (60, ["ru"]),
        ("resources", "high"): (70, ["de", "ru"]),
        ("resources", "low"): (40, ["sw"]),
    }


def test_calibration_is_zero_where_confidence_is_right_and_the_gap_elsewhere() -> None:
    draws = np.random.default_rng(0)
    confidence = draws.uniform(1 / 3, 1, size=60_000)
    right = draws.uniform(size=60_000) < confidence
    records = [
        {"prediction": "a", "gold": "a" if hit else "b", "probability": sure}
        for hit, sure in zip(right, confidence, strict=True)
    ]
    found = calibration_error(records)
    assert found is not None
    assert found < 1
    sure = [{"prediction": "a", "gold": gold, "probability": 1.0} for gold in "aabb"]
    assert calibration_error(sure) == pytest.approx(50)
    assert calibration_error([{"prediction": "a", "gold": None, "probability": 1.0}]) is None
    assert calibration_error([{"prediction": "a", "gold": "a"}]) is None


def test_bins_do_not_cancel_each_other() -> None:
    records = [
        {"prediction": "a", "gold": "a", "probability": 0.5},
        {"prediction": "a", "gold": "b", "probability": 0.9},
    ]
    assert calibration_error(records) == pytest.approx((50 + 90) / 2)


def test_fertility_counts_subwords(checkpoint: Callable[[str], Path]) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    texts = ["The cat sleeps on the red mat.", "snow ☃"]
    found = fertility(encoder, texts, language="en")
    ids = [encoder.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    pieces = sum(map(len, ids))
    assert found["subwords_per_word"] == pytest.approx(pieces / 9, abs=1e-3)
    assert found["characters_per_subword"] == pytest.approx(
        sum(len(text.replace(" ", "")) for text in texts) / pieces, abs=1e-3
    )
    unknown = sum(row.count(encoder.tokenizer.unk_token_id) for row in ids)
    assert unknown
    assert found["unknown"] == pytest.approx(100 * unknown / pieces, abs=1e-3)
    assert fertility(encoder, [" "], language="en") == {}


def test_an_answer_is_right_if_it_is_one_of_those_accepted() -> None:
    records = [{"prediction": text, "gold": ["in Paris", "Paris"], "probability": 0.5} for text in ("Paris", "Rome")]
    assert calibration_error(records) == pytest.approx(0)
    assert calibration_error(records[:1]) == pytest.approx(50)
