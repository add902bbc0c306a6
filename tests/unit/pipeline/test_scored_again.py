"""Models of runs scored again: the same predictions as in the run, with its system and seed for `compare`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import crosslift
from crosslift import recipe as recipes
from crosslift.errors import InputError
from crosslift.evaluation.evaluate import evaluate
from crosslift.evaluation.smoothing import Smoothing
from crosslift.heads.task_model import TaskModel
from crosslift.pipeline.run import run
from tests.tiny import TEXTS

LONG = " ".join(TEXTS[0] for _ in range(2))
"""A text that is longer than the truncation."""
CUT = 12
"""The max_length of the runs."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task of sentences that differ only after CUT tokens."""
    folder = tmp_path_factory.mktemp("data")
    rows = [{"text": f"{LONG} {text}", "label": "ab"[place % 2]} for place, text in enumerate(TEXTS)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    for name in ("train", "dev", "test.en", "test.de"):
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def runs(checkpoint: Callable[[str], Path], data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two seeds of two recipes, by name and seed."""
    folder = tmp_path_factory.mktemp("runs")
    made = {}
    for name, rate in (("slow", 1e-4), ("fast", 1e-2)):
        for seed in (0, 1):
            values = {
                "name": name,
                "seed": seed,
                "encoder": {"model": str(checkpoint("bert"))},
                "data": settings(data),
                "finetune": {"task": "mine", "steps": 3, "batch_size": 8, "learning_rate": rate, "max_length": CUT},
                "evaluate": [{"task": "mine"}],
            }
            made[f"{name}-{seed}"] = run(recipes.build(values, where="test"), folder / name / f"seed-{seed}")
    return made


def settings(data: Path) -> dict[str, Any]:
    files = {"train": "train.jsonl", "dev": "dev.jsonl", "test": "test.{language}.jsonl"}
    return {"path": str(data), "task": [{"name": "mine", "task_type": "sentence", "files": files}]}


def again(run_directory: Path, output: Path, **more: Any) -> Path:
    loaded = recipes.load(run_directory / "recipe.toml")
    evaluate(run_directory / "model", task="mine", data=loaded.data, output=output, **more)
    return output


def records(directory: Path, language: str = "de") -> list[dict[str, Any]]:
    lines = (directory / "predictions" / "mine" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_seeds_of_one_recipe_are_one_system(runs: dict[str, Path], tmp_path: Path) -> None:
    outputs = [again(directory, tmp_path / name) for name, directory in runs.items()]
    kept = [json.loads((output / "results.json").read_text(encoding="utf-8")) for output in outputs]
    assert [(content["recipe"], content["seed"]) for content in kept] == [
        *(("slow", 0), ("slow", 1)),
        *(("fast", 0), ("fast", 1)),
    ]
    first = crosslift.compare(outputs).comparisons[0]
    assert (first.baseline, first.system, first.seeds, first.over) == ("slow", "fast", 2, "target mean")


def test_different_settings_of_scoring_are_different_systems(runs: dict[str, Path], tmp_path: Path) -> None:
    plain, cut = again(runs["slow-0"], tmp_path / "plain"), again(runs["slow-0"], tmp_path / "cut", max_length=8)
    smooth = Smoothing.by("random_perturbation", samples=1, radius=0.1)
    outputs = [plain, cut, again(runs["slow-0"], tmp_path / "smooth", smooth=smooth)]
    found = crosslift.compare(outputs)
    systems = list(dict.fromkeys(row.system for row in found.comparisons))
    assert [system.rpartition("/")[2] for system in systems] == ["cut)", "smooth)"]
    assert any("evaluated.max_length, evaluated.smooth" in note for note in found.notes)
    with pytest.raises(InputError, match="with seed 0 is also in"):
        crosslift.compare([*outputs, again(runs["slow-0"], tmp_path / "twice")])


def test_a_model_outside_of_a_run_has_the_name_of_its_folder(runs: dict[str, Path], data: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "model"
    TaskModel.load(runs["slow-1"] / "model").save(elsewhere)
    (elsewhere.parent / "recipe.toml").write_text('name = "no run of ours"')
    output = tmp_path / "out"
    loaded = recipes.load(runs["slow-1"] / "recipe.toml")
    content = evaluate(elsewhere, task="mine", data=loaded.data, output=output)
    assert (content["recipe"], content["seed"]) == (str(elsewhere), 0)
    assert not (output / "recipe.toml").exists()


def test_a_damaged_run_is_an_error(runs: dict[str, Path], tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    TaskModel.load(runs["slow-1"] / "model").save(damaged / "model")
    (damaged / "recipe.toml").write_text("")
    (damaged / "results.json").write_text('{"schema": 1')
    loaded = recipes.load(runs["slow-1"] / "recipe.toml")
    with pytest.raises(InputError, match=r"results.json: incomplete JSON"):
        evaluate(damaged / "model", task="mine", data=loaded.data)


def test_inputs_are_truncated_as_in_training(runs: dict[str, Path], tmp_path: Path) -> None:
    assert TaskModel.load(runs["fast-1"] / "model").input_settings.max_length == CUT
    scored = again(runs["fast-1"], tmp_path / "scored")
    assert records(scored) == records(runs["fast-1"])
    assert len({record["probability"] for record in records(scored)}) == 1, "all that differs was cut off"
    longer = again(runs["fast-1"], tmp_path / "longer", max_length=128)
    assert len({record["probability"] for record in records(longer)}) > 1
    with pytest.raises(InputError, match="max_length: 7 found, expected at least 8"):
        again(runs["fast-1"], tmp_path / "short", max_length=7)
