"""Mixtures of streams, and multitask methods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from crosslift.finetune.plain import Plain
from crosslift.train.batches import Stream
from crosslift.train.mixed_batches import Mixture, shares
from crosslift.train.multitask import Multitask
from tests.unit.finetune.cases import items_of, model_of


def mixture(probabilities: list[float], *, processes: int = 1) -> Mixture:
    streams = [Stream([f"{name}{i}" for i in range(8)], [1] * 8, batch_size=2, seed=0) for name in "ab"]
    return Mixture(streams, probabilities, seed=0, processes=processes)


def test_shares_equal_those_of_the_paper() -> None:
    # r_m = min(e_m, K) / sum of min(e, K) with K = 2^17: ANLI+ and Cosmos QA of the paper's table
    assert shares([1_104_934, 25_588], 2**17) == pytest.approx([131_072 / 156_660, 25_588 / 156_660])


def test_a_step_is_of_one_stream_and_streams_are_drawn_by_their_probability() -> None:
    mixed = mixture([0.25, 0.75])
    batches = [mixed.batch(step) for step in range(2_000)]
    assert all(len({drawn.stream for drawn in batch}) == 1 for batch in batches)
    counts = Counter(batch[0].stream for batch in batches)
    assert counts[0] / 2_000 == pytest.approx(0.25, abs=0.03)


def test_each_stream_is_read_in_its_own_order() -> None:
    mixed = mixture([0.5, 0.5])
    seen: dict[int, list[str]] = {0: [], 1: []}
    for step in range(40):
        for drawn in mixed.batch(step):
            seen[drawn.stream].append(drawn.item)
    for stream, items in seen.items():
        alone = [item for step in range(40) for item in mixed.streams[stream].batch(step)]
        assert items == alone[: len(items)]


def test_a_step_does_not_depend_on_the_ones_before() -> None:
    assert mixture([0.5, 0.5]).batch(5_000) == mixture([0.5, 0.5]).batch(5_000)
    walked = mixture([0.5, 0.5])
    assert [walked.batch(step) for step in range(30)][29] == mixture([0.5, 0.5]).batch(29)


def test_processes_take_the_same_stream_and_other_items() -> None:
    mixed = mixture([0.5, 0.5], processes=2)
    for step in range(0, 20, 2):
        first, second = mixed.batch(step), mixed.batch(step + 1)
        assert first[0].stream == second[0].stream
        assert first != second


def test_items_may_come_without_their_stream() -> None:
    marked = mixture([0.5, 0.5])
    plain = Mixture(marked.streams, [0.5, 0.5], seed=0, marked=False)
    assert [plain.batch(step) for step in range(9)] == [[one.item for one in marked.batch(step)] for step in range(9)]


def test_an_epoch_is_that_of_the_counted_streams() -> None:
    mixed = mixture([0.5, 0.5])
    assert mixed.steps(1) == 8
    assert Mixture(mixed.streams, [0.5, 0.5], seed=0, counted=1).steps(2) == 8


def test_a_multitask_step_is_that_of_its_part(checkpoint: Callable[[str], Path]) -> None:
    models = [model_of(checkpoint("bert")), model_of(checkpoint("bert"), "tagging")]
    several = Multitask.of([Plain(), Plain()], ["pairs", "tags"], [1.0, 0.5])
    items = [items_of(model) for model in models]
    mixed = Mixture([Stream(rows, [1] * len(rows), batch_size=4, seed=0) for rows in items], [0.0, 1.0], seed=0)
    drawn = mixed.batch(0)
    batch = several.collate(models, drawn, torch.Generator().manual_seed(0))
    assert (batch.index, len(batch), len(batch.lengths)) == (1, 4, 4)
    kept = []
    terms = several.step(models, batch, lambda loss: kept.append(loss["task"]))
    alone = Plain().collate(models[1], [each.item for each in drawn], torch.Generator().manual_seed(0))
    expected = Plain().loss(models[1], alone)["task"]
    assert torch.equal(terms["tags"], expected)
    assert torch.equal(kept[0], 0.5 * expected)
    assert several.num_targets(batch) == Plain().num_targets(alone)
    half = batch.select(torch.tensor([0, 2]))
    assert torch.equal(
        several.loss(models, half)["tags"], Plain().loss(models[1], alone.select(torch.tensor([0, 2])))["task"]
    )
