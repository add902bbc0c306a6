from __future__ import annotations

import numpy as np
import pytest

from crosslift.train.batches import Stream

LENGTHS = np.random.default_rng(0).integers(3, 60, size=1_000).tolist()


def stream(**options: object) -> Stream:
    return Stream(list(range(len(LENGTHS))), LENGTHS, **{"batch_size": 32, "seed": 1, **options})


def epoch(stream: Stream, number: int = 0) -> list[list[int]]:
    first = stream.steps(number)
    return [stream.indices(step).tolist() for step in range(first, stream.steps(number + 1))]


def test_an_epoch_has_every_item_once() -> None:
    met = [index for batch in epoch(stream()) for index in batch]
    assert sorted(met) == list(range(len(LENGTHS)))


def test_a_step_depends_only_on_seed_and_step() -> None:
    walked, jumped = stream(), stream()
    for step in range(80):
        last = walked.indices(step)
    assert jumped.indices(79).tolist() == last.tolist()


def test_seeds_and_epochs_have_different_orders() -> None:
    assert epoch(stream()) != epoch(stream(seed=2))
    assert epoch(stream()) != epoch(stream(), 1)


def test_buckets_leave_little_padding() -> None:
    def padding(batches: list[list[int]]) -> float:
        padded = sum(len(batch) * max(LENGTHS[i] for i in batch) for batch in batches)
        return 1 - sum(LENGTHS) / padded

    shuffled = np.random.default_rng(0).permutation(len(LENGTHS))
    plain = [shuffled[start : start + 32].tolist() for start in range(0, len(LENGTHS), 32)]
    assert padding(epoch(stream())) < 0.06 < 0.4 < padding(plain)


def test_token_budget_is_kept() -> None:
    for batch in epoch(stream(batch_tokens=200)):
        assert len(batch) * max(LENGTHS[i] for i in batch) <= 200 or len(batch) == 1


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_temperature_flattens_languages(temperature: float) -> None:
    groups = [0] * 900 + [1] * 100
    met = np.array(groups)[np.concatenate(epoch(stream(groups=groups, temperature=temperature)))]
    shares = np.array([900, 100]) ** (1 / temperature)
    assert (met == 1).mean() == pytest.approx(shares[1] / shares.sum(), abs=0.01)


def test_fractions_of_an_epoch() -> None:
    one = stream()
    assert one.steps(0.5) == round(one.steps(1) / 2)
    assert one.steps(2.5) == one.steps(2) + round(one.steps(1) / 2)
