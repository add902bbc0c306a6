from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from crosslift.align.mlm import Mlm
from crosslift.align.sentence_contrastive import SentenceContrastive
from crosslift.errors import RecipeError, StorageError, TrainingError
from crosslift.train import checkpoint as states_on_disk
from crosslift.train.batch import Batch
from crosslift.train.gradients import split as parts_of
from crosslift.train.loop import Loop
from crosslift.train.method import Backward, Method, Terms
from crosslift.train.selection import Selector
from tests.unit.train.worlds import WithExtra, mlm_loop

Checkpoint = Callable[[str], Path]


def weights(loop: Loop) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in loop.module.state_dict().items()}


def equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, second[name]) for name, value in first.items())


def test_same_seed_same_bits(checkpoint: Checkpoint, tmp_path: Path) -> None:
    first, second = (mlm_loop(checkpoint("bert"), tmp_path / name) for name in "ab")
    first.run(), second.run()
    assert equal(weights(first), weights(second))


def test_another_seed_gives_other_weights(checkpoint: Checkpoint, tmp_path: Path) -> None:
    first, second = (mlm_loop(checkpoint("bert"), tmp_path / name) for name in "ab")
    second.seed = 6
    first.run(), second.run()
    assert not equal(weights(first), weights(second))


def test_split_steps_have_the_gradients_of_whole_ones(without_dropout: Path, tmp_path: Path) -> None:
    whole = mlm_loop(without_dropout, tmp_path / "whole", steps=1)
    split = mlm_loop(without_dropout, tmp_path / "split", steps=1, micro_batch_tokens=40)
    assert len(list(parts_of(whole_batch(split), 40))) > 2
    whole.run(), split.run()
    for one, other in zip(whole.module.parameters(), split.module.parameters(), strict=True):
        assert (one.grad is None) == (other.grad is None)
        if one.grad is not None and other.grad is not None:
            torch.testing.assert_close(one.grad, other.grad, atol=2e-7, rtol=1e-5)
    terms = [next(iter(loop.log))["terms"]["mlm"] for loop in (whole, split)]  # type: ignore[call-overload]
    assert terms[0] == pytest.approx(terms[1], abs=1e-6)


def whole_batch(loop: Loop) -> Batch:
    objective = loop.objectives[0]
    items = objective.stream.batch(0)
    return objective.method.collate(loop.model, items, torch.Generator().manual_seed(0))


def test_loading_weights_of_one_rule_keeps_those_of_another(checkpoint: Checkpoint, tmp_path: Path) -> None:
    loop = mlm_loop(checkpoint("bert"), tmp_path / "s", steps=2)
    loop.selector, loop.evaluate = Selector([1, 2], average_last=1), lambda: {"accuracy": 1.0}
    chosen = loop.run().weights
    last = weights(loop)
    loop.module.load_state_dict(chosen["source-dev"])
    assert equal(chosen["last"], last)
    assert not equal(chosen["source-dev"], last)


def test_loss_falls(checkpoint: Checkpoint, tmp_path: Path) -> None:
    loop = mlm_loop(checkpoint("bert"), tmp_path / "s", steps=60, learning_rate=5e-3)
    loop.run()
    losses = [line["terms"]["mlm"] for line in loop.log]  # type: ignore[attr-defined]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


class Killed(BaseException):
    """Stands for kill -9: nothing in the loop catches it."""


@pytest.mark.parametrize(("after", "method"), [(1, None), (4, None), (7, None), (11, None), (5, WithExtra())])
def test_resumed_run_ends_in_the_same_bits(
    checkpoint: Checkpoint, tmp_path: Path, after: int, method: Method | None
) -> None:
    whole = mlm_loop(checkpoint("bert"), tmp_path / "whole", method=method)
    trained = whole.run()
    killed = mlm_loop(checkpoint("bert"), tmp_path / "killed", method=method, save_seconds=0)

    def kill(step: int, terms: dict[str, float]) -> None:
        if step == after:
            raise Killed

    killed.on_step = kill
    with pytest.raises(Killed):
        killed.run()
    resumed = mlm_loop(checkpoint("bert"), tmp_path / "killed", method=method)
    again = resumed.run()
    assert equal(whole.auxiliaries.state_dict(), resumed.auxiliaries.state_dict())
    assert equal(trained.weights["last"], again.weights["last"])
    assert again.tokens == trained.tokens
    steps = [[line["step"] for line in loop.log] for loop in (whole, resumed)]  # type: ignore[attr-defined]
    assert steps[0] == steps[1]


def test_half_written_state_is_ignored(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "unfinished").write_bytes(b"half")
    assert states_on_disk.load_latest(tmp_path / "s", torch.device("cpu")) is None


def test_a_full_disk_is_an_error_and_keeps_the_last_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    states_on_disk.save(tmp_path, 1, {"step": 1, "module": torch.zeros(10)})
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(StorageError, match="MiB left"):
        states_on_disk.save(tmp_path, 2, {"step": 2, "module": torch.zeros(10)})
    state = states_on_disk.load_latest(tmp_path, torch.device("cpu"))
    assert state is not None
    assert state["step"] == 1


def test_loss_that_is_not_finite_stops_the_run(checkpoint: Checkpoint, tmp_path: Path) -> None:
    loop = mlm_loop(checkpoint("bert"), tmp_path / "s")
    with torch.no_grad():
        loop.model.base.get_input_embeddings().weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"pretrain: step 1: .*not finite"):
        loop.run()


def test_in_batch_negatives_are_never_split(checkpoint: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"micro_batch_tokens.*rest of its batch"):
        mlm_loop(checkpoint("bert"), tmp_path / "s", method=SentenceContrastive(), micro_batch_tokens=64)


def test_a_step_may_have_two_passes(checkpoint: Checkpoint, tmp_path: Path) -> None:
    class Twice(Mlm):
        def step(self, model: Any, batch: Any, backward: Backward, auxiliary: Any = None) -> Terms:
            super().step(model, batch, backward, auxiliary)
            return super().step(model, batch, backward, auxiliary)

    once, twice = (
        mlm_loop(checkpoint("bert"), tmp_path / name, method=method, steps=1, clip_norm=1e9)
        for name, method in (("once", Mlm(mask_probability=0.3)), ("twice", Twice(mask_probability=0.3)))
    )
    once.module.eval(), twice.module.eval()
    norms = []
    for loop in (once, twice):
        loop.run()
        norms.append(next(iter(loop.log))["gradient_norm"])  # type: ignore[call-overload]
    assert norms[1] > 1.5 * norms[0]


def test_an_auxiliary_module_is_trained_and_updated_after_steps(checkpoint: Checkpoint, tmp_path: Path) -> None:
    loops = [mlm_loop(checkpoint("bert"), tmp_path / name, method=WithExtra()) for name in "ab"]
    start: list[dict[str, Tensor]] = []
    for loop in loops:
        loop.create_auxiliaries()
        start.append({name: value.clone() for name, value in loop.auxiliaries.state_dict().items()})
        loop.run()
    assert equal(*start)  # drawn by the seed
    auxiliary = loops[0].auxiliaries["0"]
    assert not torch.equal(auxiliary.scale, start[0]["0.scale"])
    assert torch.equal(auxiliary.frozen, torch.ones(3))
    assert float(auxiliary.steps) == pytest.approx(12 * float(auxiliary.scale.detach().mean()), rel=0.05)
    assert not any("scale" in name for name in loops[0].run().weights["last"])


def test_a_loss_that_is_not_finite_is_never_saved(checkpoint: Checkpoint, tmp_path: Path) -> None:
    class Breaks(Mlm):
        def loss(self, model: Any, batch: Any) -> Terms:  # type: ignore[override]
            return {"mlm": super().loss(model, batch)["mlm"] * (1 if loop.tokens < 1_500 else float("nan"))}

    loop = mlm_loop(checkpoint("bert"), tmp_path / "s", method=Breaks(), steps=300, save_seconds=0)
    with pytest.raises(TrainingError, match=r"not finite.*The last good state is .*step-0"):
        loop.run()
    state = states_on_disk.load_latest(tmp_path / "s", torch.device("cpu"))
    assert state is not None
    assert all(value.isfinite().all() for name, value in state["module"].items() if "word_embeddings" in name)


def test_bfloat16_keeps_fp32_weights(checkpoint: Checkpoint, tmp_path: Path) -> None:
    loop = mlm_loop(checkpoint("bert"), tmp_path / "s", precision="bfloat16")
    loop.run()
    assert {value.dtype for value in loop.module.parameters()} == {torch.float32}
