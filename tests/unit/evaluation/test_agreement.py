"""Agreement between languages, against scikit-learn and a published example."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from crosslift.evaluation.agreement import cohen_kappa, consistency, fleiss_kappa


def records(predictions: str, gold: str = "aabbb") -> list[dict[str, Any]]:
    return [
        {"id": str(i), "prediction": said, "gold": true}
        for i, (said, true) in enumerate(zip(predictions, gold, strict=True))
    ]


def test_agreement_with_the_source_and_of_all() -> None:
    row = consistency(
        {"en": records("aabba"), "de": records("abbba"), "fr": records("aabaa")}, "en", task="t", selection="s"
    )
    assert row is not None
    german, french = row["languages"]
    assert (german["language"], german["agreement"], german["agreement_given_correct"]) == ("de", 80, 75)
    assert (french["language"], french["agreement"], french["agreement_given_correct"]) == ("fr", 80, 75)
    assert row["agreement"] == pytest.approx((80 + 80 + 60) / 3)
    assert german["kappa"] == pytest.approx(cohen_kappa_score(list("aabba"), list("abbba")))
    assert row["items"] == 5


def test_items_that_a_language_lacks_are_left_out() -> None:
    row = consistency({"en": records("aabba"), "de": records("bbbba")[2:]}, "en", task="t", selection="s")
    assert row is not None
    assert (row["items"], row["agreement"]) == (3, 100)


def test_one_language_has_nothing_to_agree_with() -> None:
    assert consistency({"en": records("aabba")}, "en", task="t", selection="s") is None


def test_a_language_that_shares_no_item_is_left_out() -> None:
    own = [{**record, "id": f"nah-{record['id']}"} for record in records("bbbbb")]
    row = consistency({"nah": own, "gn": records("aabba"), "quy": records("aabbb")}, "en", task="t", selection="s")
    assert row is not None
    assert (row["compared"], row["items"], row["agreement"]) == (["gn", "quy"], 5, 80)
    assert consistency({"nah": own, "gn": records("aabba")}, "en", task="t", selection="s") is None


def test_without_the_source_there_is_agreement_of_all_alone() -> None:
    row = consistency({"fr": records("aabba"), "de": records("aabba")}, "en", task="t", selection="s")
    assert row is not None
    assert (row["agreement"], row["fleiss_kappa"], row["languages"]) == (100, 1, [])


def test_cohen_kappa_is_scikit_learns() -> None:
    draws = np.random.default_rng(0)
    for _ in range(20):
        one, other = draws.integers(4, size=(2, 50))
        assert cohen_kappa(one, other) == pytest.approx(cohen_kappa_score(one, other), abs=1e-9)
    assert cohen_kappa(np.zeros(3, dtype=int), np.zeros(3, dtype=int)) is None


def test_fleiss_kappa_of_the_published_example() -> None:
    """Ten subjects, fourteen raters, five categories: the worked example of the statistic, kappa 0.210."""
    counts = """
        0 0 0 0 14  0 2 6 4 2  0 0 3 5 6  0 3 9 2 0  2 2 8 1 1
        7 7 0 0 0  3 2 6 3 0  2 5 3 2 2  6 5 2 1 0  0 2 2 3 7
    """
    table = np.array(counts.split(), dtype=int).reshape(10, 5)
    ratings = np.stack([np.repeat(np.arange(5), row) for row in table], axis=1)  # (raters, subjects)
    assert fleiss_kappa(ratings) == pytest.approx(0.210, abs=5e-4)
