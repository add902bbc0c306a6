"""Two processes take the step of one process with the whole batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from crosslift.align.mlm import Mlm
from crosslift.errors import DataError, RecipeError
from crosslift.train import processes
from crosslift.train.all_gather import gather, rank_offset
from crosslift.train.loop import join_processes
from tests.unit.train.launch import two_processes
from tests.unit.train.worlds import Gathering, InOrder, mlm_loop, own_losses

Checkpoint = Callable[[str], Path]
ROWS = ((0, 3), (3, 5))
"""The rows of each process, of different numbers."""


def pairs() -> tuple[Tensor, Tensor, Tensor]:
    """Return sources, targets, and the weights that transform both."""
    generator = torch.Generator().manual_seed(0)
    source, target = (torch.randn(5, 4, generator=generator) for _ in range(2))
    return source, target, torch.randn(4, 6, generator=generator)


def test_one_process_gathers_nothing() -> None:
    rows = torch.ones(2, 3)
    assert gather(rows) is rows
    assert rank_offset(2) == 0
    assert (processes.count(), processes.is_main(), processes.on_main(lambda: 7)) == (1, True, 7)


class NotGathering(Gathering):
    gathers = False


def train(checkpoint: Path, folder: Path, method: Any, batch_size: int) -> dict[str, Any]:
    loop = mlm_loop(checkpoint, folder, method=method, order=InOrder, batch_size=batch_size, steps=1)
    trained = loop.run()
    return {
        "weights": trained.weights["last"],
        "gradients": {name: weight.grad for name, weight in loop.module.named_parameters() if weight.grad is not None},
        "tokens": trained.tokens,
        "log": list(loop.log),  # type: ignore[call-overload]
    }


def work(rank: int, checkpoint: Path, folder: Path) -> None:
    join_processes()
    source, target, weights = pairs()
    weights.requires_grad_()
    own = slice(*ROWS[rank])
    losses = own_losses(source[own] @ weights, target[own] @ weights)
    (losses.mean() * len(losses) / 5).backward()
    assert processes.on_main(lambda: f"said by {rank}") == "said by 0"
    with pytest.raises(RecipeError, match="for all to hear"):
        processes.on_main(fail)
    with pytest.raises(DataError, match="disagree about ranks"):
        processes.agree(lambda: str(rank), "ranks")
    with pytest.raises(RecipeError, match="does not gather"):
        train(checkpoint, folder / "refused", NotGathering(), 4)
    found = {"losses": losses.detach(), "gradient": weights.grad, "start": rank_offset(len(losses))}
    for name, method in (("contrast", Gathering()), ("mlm", Mlm(mask_probability=0.3))):
        found[name] = train(checkpoint, folder / f"{name}-{rank}", method, 4)
    torch.save(found, folder / f"{rank}.pt")


def fail() -> None:
    raise RecipeError("for all to hear")


@pytest.mark.slow
def test_two_processes_take_the_step_of_one(without_dropout: Path, tmp_path: Path) -> None:
    two_processes(work, without_dropout, tmp_path)
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    source, target, weights = pairs()
    weights.requires_grad_()
    losses = own_losses(source @ weights, target @ weights)
    losses.mean().backward()
    torch.testing.assert_close(torch.cat([first["losses"], second["losses"]]), losses.detach())
    torch.testing.assert_close(first["gradient"] + second["gradient"], weights.grad)
    assert (first["start"], second["start"]) == (0, 3)

    for name in ("contrast", "mlm"):
        one, other = first[name]["weights"], second[name]["weights"]
        assert all(torch.equal(value, other[key]) for key, value in one.items())
    alone = train(without_dropout, tmp_path / "alone", Gathering(), 8)
    for key, value in alone["gradients"].items():
        torch.testing.assert_close(first["contrast"]["gradients"][key], value, atol=1e-6, rtol=1e-4)
    assert first["contrast"]["tokens"] == alone["tokens"]
    logged, wanted = ([line["terms"]["mlm.contrast"] for line in found["log"]] for found in (first["contrast"], alone))
    assert logged == pytest.approx(wanted, abs=1e-5)
    assert second["contrast"]["log"] == []  # the main process writes
