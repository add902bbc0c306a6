from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from crosslift.align.mlm import Mlm
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair
from crosslift.errors import TrainingError
from crosslift.train import checkpoint as states_on_disk
from crosslift.train.health import (
    FEWEST_PAIRS,
    PROBE_PAIRS,
    GradientCosines,
    Health,
    effective_rank,
    gradient_cosine,
    language_accuracy,
    off_diagonal_cosine,
    probe_size,
    retrieval_hits,
)
from crosslift.train.loop import Loop
from crosslift.train.method import Terms
from tests.tiny import TEXTS
from tests.unit.train.worlds import mlm_loop

Checkpoint = Callable[[str], Path]


def draw(*shape: int) -> torch.Tensor:
    return functional.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(0)), dim=-1)


def test_effective_rank_counts_directions() -> None:
    assert effective_rank(torch.ones(9, 4)) == pytest.approx(1)
    assert effective_rank(torch.eye(4)) == pytest.approx(4)
    assert effective_rank(torch.eye(4)[:, :2].repeat(3, 1)) == pytest.approx(2)
    assert effective_rank(torch.diag(torch.tensor([3.0, 1.0]))) == pytest.approx(1.7548, abs=1e-4)  # exp(H(3/4, 1/4))


def test_off_diagonal_cosine_leaves_translations_out() -> None:
    vectors = draw(6, 8)
    others = [float(vectors[i] @ vectors[j]) for i in range(6) for j in range(6) if i != j]
    assert off_diagonal_cosine(vectors, vectors) == pytest.approx(sum(others) / 30, abs=1e-6)
    assert off_diagonal_cosine(vectors[:1], vectors[:1]) == 0


def test_retrieval_counts_both_directions() -> None:
    vectors = torch.eye(4)
    assert retrieval_hits(vectors, vectors) == 8
    assert retrieval_hits(vectors, vectors[[1, 0, 2, 3]]) == 4


def test_language_probe_finds_separable_languages() -> None:
    apart = torch.eye(2).repeat_interleave(10, dim=0) + 0.01 * draw(20, 2)
    languages = ["de"] * 10 + ["en"] * 10
    assert language_accuracy(apart, languages) == 1
    assert language_accuracy(draw(2_000, 4), ["de", "en"] * 1_000) == pytest.approx(0.5, abs=0.05)


def test_gradients_of_objectives_are_compared() -> None:
    weight, unused = torch.nn.Parameter(torch.tensor([1.0, 2.0])), torch.nn.Parameter(torch.ones(1))
    compared = GradientCosines([weight, unused])
    for name, direction in (("one", [1.0, 0.0]), ("other", [-1.0, 0.0]), ("third", [1.0, 1.0])):
        (weight @ torch.tensor(direction)).backward()
        compared.take(name)
    half = 0.5**0.5
    assert compared.cosines() == pytest.approx({"one, other": -1, "one, third": half, "other, third": -half})
    assert gradient_cosine([None], [torch.ones(1)]) == 0


def test_probes_take_a_small_share() -> None:
    assert probe_size(steps=100_000, batch_size=64, probes=12) == PROBE_PAIRS
    assert probe_size(steps=2, batch_size=8, probes=2) == FEWEST_PAIRS
    middling = probe_size(steps=500, batch_size=32, probes=12)
    assert FEWEST_PAIRS < middling < PROBE_PAIRS
    assert 12 * middling <= 0.03 * 3 * 500 * 32


THEN = {"off_diagonal_cosine": 0.5, "effective_rank": 9.0, "retrieval": 60.0, "language_accuracy": 90.0}


@pytest.mark.parametrize(
    ("then", "now", "message"),
    [
        ({}, {}, None),
        ({}, {"off_diagonal_cosine": 0.995, "retrieval": 29.0}, "mean cosine of 0.995"),
        ({}, {"off_diagonal_cosine": 0.995, "retrieval": 31.0}, None),
        ({}, {"off_diagonal_cosine": 0.97, "retrieval": 5.0}, None),
        ({"off_diagonal_cosine": 0.996}, {"off_diagonal_cosine": 0.995, "retrieval": 5.0}, None),
        ({"retrieval": 15.0}, {"off_diagonal_cosine": 0.995, "retrieval": 5.0}, None),  # 19 hits: chance
        ({}, {"effective_rank": 1.5}, "effective rank of sentence vectors is 1.50"),
        ({"effective_rank": 1.4}, {"effective_rank": 1.5}, None),
    ],
)
def test_what_counts_as_collapse(then: dict[str, float], now: dict[str, float], message: str | None) -> None:
    health: Any = Health(None, [None] * 64, [("en", "de")] * 64, every=1, first=THEN | then)  # type: ignore[arg-type, list-item]
    found = health.collapse(THEN | now)
    assert (found is None) if message is None else (message in found)


class Point(Mlm):
    """Pulls every state to one point: the loss falls, and the states are useless."""

    def loss(self, model: Encoder, batch: Any) -> Terms:  # type: ignore[override]
        states = model.pool(model.encode(batch.inputs), batch.inputs)
        return {"mlm": (states - 1).square().mean() * 10}


def watched(checkpoint: Path, states: Path, **options: Any) -> Loop:
    """Return a loop whose probe pairs each text with itself."""
    loop = mlm_loop(checkpoint, states, **options)
    rows = loop.model.tokenize(TEXTS)
    pairs = [TokenPair(row, row) for row in rows]
    loop.health = Health(loop.model, pairs * 4, [("en", "de")] * 16 + [("en", "fr")] * 16, every=10)
    return loop


def lines(loop: Loop, key: str) -> list[dict[str, Any]]:
    return [line for line in loop.log if key in line]  # type: ignore[attr-defined]


def test_a_collapse_stops_the_stage_and_keeps_the_last_good_state(checkpoint: Checkpoint, tmp_path: Path) -> None:
    loop = watched(checkpoint("bert"), tmp_path / "s", method=Point(), steps=200, learning_rate=1e-2, save_seconds=0)
    assert loop.health
    loop.health.every = 2
    with pytest.raises(TrainingError, match=r"step \d+: the encoder has collapsed: .*The last good state is"):
        loop.run()
    measured = lines(loop, "health")
    assert measured[0]["step"] == 0
    state = states_on_disk.load_latest(tmp_path / "s", torch.device("cpu"))
    assert state is not None
    assert state["step"] <= measured[-2]["step"] < measured[-1]["step"]


def test_a_collapse_may_be_ignored(checkpoint: Checkpoint, tmp_path: Path) -> None:
    loop = watched(checkpoint("bert"), tmp_path / "s", method=Point(), steps=60, learning_rate=3e-2)
    assert loop.health
    loop.health.stop = False
    assert loop.run().steps == 60


def test_watching_changes_nothing(checkpoint: Checkpoint, tmp_path: Path) -> None:
    plain, seen = mlm_loop(checkpoint("bert"), tmp_path / "a"), watched(checkpoint("bert"), tmp_path / "b")
    for one, other in zip(plain.run().weights["last"].values(), seen.run().weights["last"].values(), strict=True):
        assert torch.equal(one, other)
    assert [line["step"] for line in lines(seen, "health")] == [0, 11, 12]


class Killed(BaseException):
    """Stands for kill -9."""


def test_a_resumed_loop_measures_against_the_first_step(checkpoint: Checkpoint, tmp_path: Path) -> None:
    whole = watched(checkpoint("bert"), tmp_path / "whole")
    whole.run()
    killed = watched(checkpoint("bert"), tmp_path / "killed", save_seconds=0)

    def kill(step: int, terms: dict[str, float]) -> None:
        if step == 6:
            raise Killed

    killed.on_step = kill
    with pytest.raises(Killed):
        killed.run()
    resumed = watched(checkpoint("bert"), tmp_path / "killed")
    resumed.run()
    assert resumed.health
    assert whole.health
    assert resumed.health.first == whole.health.first
    assert lines(resumed, "health") == lines(whole, "health")
