"""Runs with an adapter: only it and the head are trained, and the saved model is an ordinary checkpoint."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from crosslift import recipe as recipes
from crosslift.errors import RecipeError
from crosslift.heads.task_model import TaskModel
from crosslift.pipeline.run import run
from tests.runs import TINY

pytest.importorskip("peft")
LORA = {"kind": "lora", "rank": 4}


def recipe(**finetune: Any) -> recipes.Recipe:
    values = copy.deepcopy(TINY)
    del values["align"]
    values["evaluate"][0]["split"] = "dev"
    return recipes.build({**values, "finetune": values["finetune"] | {"learning_rate": 3e-3} | finetune}, where="test")


def weights(directory: Path) -> dict[str, torch.Tensor]:
    return dict(TaskModel.load(directory / "model").module.state_dict())


def test_only_the_adapter_and_the_head_are_trained(tmp_path: Path) -> None:
    start = weights(run(recipe(steps=0), tmp_path / "start"))
    done = run(recipe(adapter=LORA, oracle=True), tmp_path / "lora")
    trained = weights(done)
    assert trained.keys() == start.keys()
    changed = {name for name in start if not torch.equal(start[name], trained[name])}
    expected = {name for name in start if ".attn." in name and "norm" not in name}
    assert changed - expected <= {"head.dense.weight", "head.norm.weight", "classifier.weight", "classifier.bias"}
    assert changed >= expected | {"classifier.weight"}
    assert (done / "model" / "adapter" / "adapter_model.safetensors").is_file()
    config = json.loads((done / "model" / "adapter" / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"]) == (4, 16.0)


def test_every_rule_is_scored_and_transformers_reads_the_model(tmp_path: Path) -> None:
    done = run(recipe(adapter=LORA, selection="last"), tmp_path / "run")
    logged = [json.loads(line) for line in (done / "log.jsonl").read_text().splitlines()]
    dev = [line["dev"]["accuracy"] for line in logged if "dev" in line]
    rows = json.loads((done / "results.json").read_text())["scores"]
    source = {row["selection"]: row["value"] for row in rows if row["language"] == "qaa"}
    assert source["last"] == pytest.approx(dev[-1])
    assert source["source-dev"] == pytest.approx(max(dev))
    records = [json.loads(line) for line in (done / "predictions" / "xnli" / "qaa.jsonl").read_text().splitlines()]
    classify = transformers.pipeline("text-classification", str(done / "model"))
    assert classify({"text": "a", "text_pair": "b"})["label"] in {record["prediction"] for record in records} | set(
        TaskModel.load(done / "model").labels
    )


def test_a_frozen_head_stays_frozen_with_an_adapter(tmp_path: Path) -> None:
    first = run(recipe(), tmp_path / "first")
    second = run(recipe(adapter=LORA, head_from=str(first / "model")), tmp_path / "second")
    given, kept = weights(first), weights(second)
    assert torch.equal(given["classifier.weight"], kept["classifier.weight"])


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        ({"kind": "prefix"}, r"finetune\.adapter\.kind: .*'lora'"),
        ({"kind": "lora", "r": 4}, r"unknown key 'finetune\.adapter\.r'.*rank"),
        ({"rank": 4}, r"'finetune\.adapter\.kind' is missing"),
        ({"kind": "lora", "rank": 0}, r"finetune\.adapter\.rank: found 0; expected a number of at least 1"),
    ],
)
def test_mistakes_are_named(adapter: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe(adapter=adapter)
