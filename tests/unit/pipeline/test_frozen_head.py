"""Runs with the same frozen head, and the average of their models."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

import crosslift
from crosslift import recipe as recipes
from crosslift.errors import CheckpointError
from crosslift.heads.task_model import TaskModel
from crosslift.pipeline.run import run
from tests.runs import TINY


def recipe(seed: int, **finetune: Any) -> recipes.Recipe:
    values = copy.deepcopy(TINY)
    del values["align"]
    return recipes.build({**values, "seed": seed, "finetune": values["finetune"] | finetune}, where="test")


def weights(directory: Path) -> dict[str, torch.Tensor]:
    return dict(TaskModel.load(directory).module.state_dict())


def test_runs_with_the_same_head_can_be_averaged(tmp_path: Path) -> None:
    first = run(recipe(0), tmp_path / "first") / "model"
    runs = [run(recipe(seed, head_from=str(first)), tmp_path / str(seed)) / "model" for seed in (1, 2)]
    given, one, two = weights(first), *map(weights, runs)
    head = [name for name in given if name.startswith("classifier.")]
    body = next(name for name in given if name.endswith(("query.weight", "Wqkv.weight")))
    assert head
    assert all(torch.equal(given[name], one[name]) and torch.equal(given[name], two[name]) for name in head)
    assert not torch.equal(one[body], two[body])
    merged = weights(crosslift.merge(runs, tmp_path / "merged"))
    assert torch.equal(merged[head[0]], given[head[0]])
    torch.testing.assert_close(merged[body], (one[body] + two[body]) / 2)


def test_a_missing_head_is_an_error_before_training(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"^finetune\.head_from: .*nowhere: no such directory"):
        run(recipe(0, head_from=str(tmp_path / "nowhere")), tmp_path / "out")
    assert not (tmp_path / "out.unfinished").exists()
