from __future__ import annotations

import torch

from crosslift.train.selection import Selector, evaluation_steps


def weights(value: float) -> dict[str, torch.Tensor]:
    return {"w": torch.full((2,), value), "count": torch.tensor(3)}


def test_rules_keep_best_last_and_mean_of_the_last() -> None:
    selector = Selector([1, 2, 3, 4], average_last=2)
    for step, score in enumerate([50.0, 80.0, 70.0, 60.0], start=1):
        selector.take(step, score, weights(float(step)))
    choices = selector.choices(weights(4.0))
    assert choices["source-dev"]["w"].tolist() == [2.0, 2.0]
    assert choices["last"]["w"].tolist() == [4.0, 4.0]
    assert choices["average"]["w"].tolist() == [3.5, 3.5]
    assert choices["average"]["count"] == 3


def test_selection_on_target_dev_keeps_the_best_and_shares_a_copy() -> None:
    selector = Selector([1, 2, 3], average_last=1)
    for step, (score, target) in enumerate([(50.0, 30.0), (80.0, 40.0), (70.0, 35.0)], start=1):
        selector.take(step, score, weights(float(step)), target)
    choices = selector.choices(weights(3.0))
    assert choices["target-dev"]["w"] is choices["source-dev"]["w"]
    selector.take(4, 10.0, weights(4.0), 50.0)
    resumed = Selector([1, 2, 3], average_last=1)
    resumed.restore(selector.state())
    assert resumed.choices(weights(4.0))["target-dev"]["w"].tolist() == [4.0, 4.0]
    assert resumed.choices(weights(4.0))["source-dev"]["w"].tolist() == [2.0, 2.0]


def test_without_target_scores_there_is_no_selection_on_target_dev() -> None:
    selector = Selector([1], average_last=1)
    selector.take(1, 1.0, weights(1.0))
    assert "target-dev" not in selector.choices(weights(1.0))


def test_checkpoints_are_copies() -> None:
    selector = Selector([1], average_last=1)
    live = weights(1.0)
    selector.take(1, 1.0, live)
    live["w"].fill_(9.0)
    assert selector.choices(live)["source-dev"]["w"].tolist() == [1.0, 1.0]


def test_state_round_trip() -> None:
    selector = Selector([1, 2], average_last=2)
    selector.take(1, 5.0, weights(1.0))
    resumed = Selector([1, 2], average_last=2)
    resumed.restore(selector.state())
    for one in (selector, resumed):
        one.take(2, 4.0, weights(3.0))
    assert resumed.choices(weights(3.0))["average"]["w"].tolist() == [2.0, 2.0]


def test_evaluations_are_evenly_spaced_and_end_at_the_end() -> None:
    assert evaluation_steps(100, 4) == [25, 50, 75, 100]
    assert evaluation_steps(3, 10) == [1, 2, 3]
    assert evaluation_steps(0, 4) == []
