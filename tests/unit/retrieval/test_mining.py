"""Margin mining, against a re-derivation of XTREME's rules sentence by sentence, and cases worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from crosslift.api.examples import MiningExample
from crosslift.data.test_data import TestSet
from crosslift.metrics.mining_f1 import MiningF1
from crosslift.metrics.mining_precision import MiningPrecision
from crosslift.metrics.mining_recall import MiningRecall
from crosslift.retrieval.mining import best_threshold, identified, mine, unique
from crosslift.retrieval.scorer import Scorer
from crosslift.tasks.bucc2018 import Bucc2018


def pools(first: int, second: int, shared: int, noise: float, seed: int) -> tuple[Any, Any]:
    """Return vectors of two pools whose first `shared` rows are near each other."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((first, 6)), rng.standard_normal((second, 6))
    y[:shared] = x[:shared] + noise * rng.standard_normal((shared, 6))
    return tuple((side / np.linalg.norm(side, axis=1, keepdims=True)).astype(np.float32) for side in (x, y))


def by_hand(x: Any, y: Any, k: int) -> list[tuple[int, int, float]]:
    """Mine with loops, one sentence after another, as the rules are told in XTREME's paper and scripts."""
    cosine = [[float(np.dot(a.astype(np.float64), b.astype(np.float64))) for b in y] for a in x]
    turned = [list(column) for column in zip(*cosine, strict=True)]

    def mean_of_best(row: list[float]) -> float:
        best = sorted(row, reverse=True)[:k]
        return sum(best) / len(best)

    ahead, back = [mean_of_best(row) for row in cosine], [mean_of_best(row) for row in turned]

    def margin(i: int, j: int) -> float:
        return cosine[i][j] / ((ahead[i] + back[j]) / 2)

    candidates = []
    for i, row in enumerate(cosine):
        near = sorted(range(len(row)), key=lambda j: -row[j])[:k]
        candidates.append(max(((margin(i, j), i, j) for j in near), key=lambda each: each[0]))
    for j, row in enumerate(turned):
        near = sorted(range(len(row)), key=lambda i: -row[i])[:k]
        candidates.append(max(((margin(i, j), i, j) for i in near), key=lambda each: each[0]))
    kept: list[tuple[int, int, float]] = []
    for score, i, j in sorted(candidates, key=lambda each: -each[0]):
        if score > 0 and all(i != a and j != b for a, b, _ in kept):
            kept.append((i, j, score))
    return kept


@pytest.mark.parametrize(("first", "second", "k", "seed"), [(20, 30, 4, 0), (30, 20, 4, 1), (9, 9, 2, 2), (3, 2, 4, 3)])
def test_pairs_are_those_of_the_rules_told_one_by_one(first: int, second: int, k: int, seed: int) -> None:
    x, y = pools(first, second, min(first, second) // 2, 0.3, seed)
    found, wanted = mine(x, y, neighbours=k), by_hand(x, y, k)
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(i, j) for i, j, _ in wanted]
    np.testing.assert_allclose(found.scores, [score for *_, score in wanted], rtol=1e-4)
    assert (found.scores > 0).all()
    assert (np.diff(found.scores) <= 0).all()


def test_a_margin_worked_out_by_hand() -> None:
    x = np.array([[1, 0], [0, 1]], np.float32)
    y = np.array([[1, 0], [0.6, 0.8]], np.float32)
    # cosines 1, .6 / 0, .8; means of 2: rows .8, .4, columns .5, .7
    found = mine(x, y, neighbours=2)
    assert found.first.tolist() == [0, 1]
    assert found.second.tolist() == [0, 1]
    assert found.scores == pytest.approx([1 / 0.65, 0.8 / 0.55][:: 1 if 1 / 0.65 > 0.8 / 0.55 else -1])


def test_a_sentence_that_is_near_to_everything_does_not_take_what_has_a_translation() -> None:
    hub, real = [1, 0, 0], [0.6, 0.8, 0]
    x = np.array([[0.9, 0.436, 0], [0.9, -0.436, 0], [0.9, 0, 0.436], [0.9, 0, -0.436]], np.float32)
    y = np.array([hub, real], np.float32)
    assert (x @ y.T)[0].argmax() == 0  # by cosine the hub is nearest to the first sentence too
    found = mine(x, y, neighbours=2)
    assert (0, 1) in zip(found.first.tolist(), found.second.tolist(), strict=True)


@pytest.mark.parametrize(
    ("scored", "gold", "threshold"),
    [
        ([], ["ab"], 0.0),
        ([("ab", 0.9)], ["cd"], 0.0),
        ([("ab", 0.9)], ["ab"], 0.9),
        ([("cd", 0.5), ("ab", 0.9)], ["ab"], 0.7),
        # F1 after each: 2/3, 1/2, 4/5 and so on; the third is best
        ([("ab", 0.9), ("xx", 0.8), ("cd", 0.6), ("yy", 0.2)], ["ab", "cd"], 0.4),
        # the first of equals: 2/3 after one, 2/3 after four
        ([("ab", 0.9), ("xx", 0.8), ("yy", 0.7), ("cd", 0.6)], ["ab", "cd"], 0.85),
    ],
)
def test_the_threshold_lies_half_way_to_the_next_pair(
    scored: list[tuple[str, float]], gold: list[str], threshold: float
) -> None:
    assert best_threshold([(tuple(pair), s) for pair, s in scored], [tuple(g) for g in gold]) == pytest.approx(
        threshold
    )


@pytest.mark.parametrize("seed", range(5))
def test_no_other_threshold_has_a_higher_f1(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scored = [((str(i), str(i)), float(score)) for i, score in enumerate(rng.random(40))]
    gold = {pair for pair, score in scored if rng.random() < score} | {("x", "y")}

    def f1(threshold: float) -> float:
        taken = {pair for pair, score in scored if score >= threshold}
        return 2 * len(taken & gold) / (len(taken) + len(gold))

    assert f1(best_threshold(scored, gold)) == max(f1(score) for _, score in scored)


def test_sentences_that_come_twice_have_no_id() -> None:
    pool = [("1", "a"), ("2", "b"), ("3", "a "), ("4", "c")]
    assert identified(pool) == {"b": "2", "c": "4"}
    assert unique([text for _, text in pool]) == ["a", "b", "a ", "c"]
    assert unique(["a", "b", "a"]) == ["a", "b"]


WORDS = {
    "one": (0, 1),
    "two": (1, 1),
    "three": (2, 1),
    "eins": (0, 0.99),
    "zwei": (1, 0.9),
    "drei": (2, 0.2),
    "vier": (3, 0),
}
"""What a word means, and how well its vector says it."""


class Vectors:
    """All have something in common, so that a margin grows with the cosine."""

    def __call__(self, texts: Any, **_options: Any) -> Any:
        rows = np.zeros((len(texts), 9), np.float32)
        for row, (meaning, share) in zip(rows, (WORDS[text] for text in texts), strict=True):
            row[meaning], row[meaning + 4], row[8] = share, (1 - share**2) ** 0.5, 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def example(gold: tuple[tuple[str, str], ...], german: str = "eins zwei drei vier") -> MiningExample:
    source = tuple((f"en-{i}", text) for i, text in enumerate(["one", "two", "three"]))
    target = tuple((f"de-{i}", text) for i, text in enumerate(german.split()))
    return MiningExample("0", source, target, gold)


def records(test: MiningExample, dev: MiningExample) -> tuple[list[dict[str, Any]], list[str]]:
    sets = TestSet(Bucc2018(), "test", {"de": [test]}, dev={"de": [dev]})
    scorer = Scorer(Vectors(), sets, "en")  # type: ignore[arg-type]
    return scorer("de", [test]), scorer.notes


def test_the_threshold_of_dev_is_applied_to_test() -> None:
    gold = (("en-0", "de-0"), ("en-1", "de-1"))
    made, notes = records(example(gold), example(gold))
    assert [(each["id"], each["prediction"], each["gold"]) for each in made] == [
        ("de-0", "en-0", "en-0"),
        ("de-1", "en-1", "en-1"),
        ("de-2", None, None),
        ("de-3", None, None),
    ]
    assert "best on dev" in notes[0]
    assert [metric()(made) for metric in (MiningF1, MiningPrecision, MiningRecall)] == [100, 100, 100]
    # where all three pairs of dev are right, the third of test is taken too, and is wrong there
    made, _ = records(example(gold), example((*gold, ("en-2", "de-2"))))
    assert made[2]["prediction"] == "en-2"
    assert [metric()(made) for metric in (MiningF1, MiningPrecision, MiningRecall)] == pytest.approx([80, 200 / 3, 100])


def test_pairs_of_sentences_that_come_twice_are_dropped() -> None:
    gold = (("en-0", "de-0"), ("en-1", "de-1"))
    made, _ = records(example(gold, "eins zwei drei eins"), example(gold))
    assert [each["prediction"] for each in made] == [None, "en-1", None, None]
    assert MiningRecall()(made) == 50


def test_every_gold_pair_counts_once() -> None:
    gold = (("en-0", "de-0"), ("en-2", "de-0"), ("en-1", "de-1"))
    made, _ = records(example(gold), example(gold))
    assert [(each["id"], each["gold"]) for each in made if each["gold"]] == [
        ("de-0", "en-0"),
        ("de-0 (2)", "en-2"),
        ("de-1", "en-1"),
    ]
    assert MiningF1()(made) == pytest.approx(100 * 2 * 2 / (2 + 3))
