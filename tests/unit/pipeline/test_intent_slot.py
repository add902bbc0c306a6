"""Intent and slot tasks in the lab, and in a directory whose training data defines the labels."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from crosslift import recipe as recipes
from crosslift.errors import CheckpointError, RecipeError
from crosslift.evaluation.evaluate import evaluate
from crosslift.evaluation.predict_file import predict_file
from crosslift.heads.task_model import TaskModel
from crosslift.lab.tasks import LAB_TASKS
from crosslift.pipeline.run import run
from tests.runs import TINY

METRICS = {"frame_accuracy", "intent_accuracy", "slot_f1"}


def recipe(finetune: dict[str, Any], **changes: Any) -> recipes.Recipe:
    values = {**copy.deepcopy(TINY), "evaluate": [{"task": "massive", "languages": ["qaa", "qab"]}], **changes}
    del values["align"]
    table = {**TINY["finetune"], "task": "massive", "evaluations": 1, "average_last": 1, **finetune}
    return recipes.build({**values, "finetune": table}, where="test")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    methods = [{"use": "code_switch"}, {"use": "label_aware_joint"}]
    return run(recipe({"method": methods}), tmp_path_factory.mktemp("runs") / "intent_slot")


def test_a_run_has_all_scores_in_all_languages(done: Path) -> None:
    results = json.loads((done / "results.json").read_text())
    rows = [row for row in results["scores"] if row["selection"] == "source-dev"]
    assert {(row["language"], row["metric"]) for row in rows} == {(c, m) for c in ("qaa", "qab") for m in METRICS}
    assert all(row["items"] == 24 for row in rows)
    lines = (done / "predictions" / "massive" / "qab.jsonl").read_text().splitlines()
    record = json.loads(lines[0])
    assert record["prediction"].keys() == record["gold"].keys() == {"intent", "slots"}
    log = [json.loads(line) for line in (done / "log.jsonl").read_text().splitlines()]
    terms = {name for line in log for name in line.get("terms", {})}
    assert {"task", *(f"task.{name}" for name in ("view", "utterance", "slot", "word"))} <= terms


def test_the_saved_model_scores_and_predicts_the_same(done: Path, tmp_path: Path) -> None:
    model = TaskModel.load(done / "model")
    assert (model.task_type, model.labels) == ("intent_slot", LAB_TASKS["joint"].labels)
    (tmp_path / "in.jsonl").write_text('{"words": ["kato", "meno"]}\n', encoding="utf-8")
    assert predict_file(done / "model", tmp_path / "in.jsonl", output=tmp_path / "out.jsonl") == 1
    row = json.loads((tmp_path / "out.jsonl").read_text())
    assert len(row["prediction"].split()) == 2
    assert row["intent"] in model.labels
    assert 0 < row["probability"] <= 1


def atis(folder: Path, intents: list[str]) -> Path:
    (folder / "multiatis").mkdir(parents=True)
    lines = [f"{i}\tgo to town {i}\tO O B-place O\t{intent}" for i, intent in enumerate(intents * 4)]
    for name in ("train_EN", "dev_EN", "test_EN"):
        text = "\n".join(["id\tutterance\tslot_labels\tintent", *lines]) + "\n"
        (folder / "multiatis" / f"{name}.tsv").write_text(text, encoding="utf-8")
    return folder


def test_labels_are_those_of_the_training_data(done: Path, tmp_path: Path) -> None:
    data = atis(tmp_path / "data", ["fly", "wait"])
    made = recipe(
        {"task": "multiatis", "steps": 1},
        data={"source": "directory", "path": str(data)},
        encoder={"model": str(done / "model")},
        evaluate=[{"task": "multiatis"}],
    )
    made = made.model_copy(update={"pretrain": None})
    output = run(made, tmp_path / "run")
    assert TaskModel.load(output / "model").labels == ("O", "B-place", "I-place", "fly", "wait")
    scored = evaluate(output / "model", task="multiatis", data=data)
    assert {row["metric"] for row in scored["scores"]} == METRICS
    other = atis(tmp_path / "other", ["fly", "sleep"])
    with pytest.raises(CheckpointError, match=r"labels .* are not those of multiatis \(O, .*sleep\)"):
        evaluate(output / "model", task="multiatis", data=other)


def test_a_method_without_the_task_type_is_refused(tmp_path: Path) -> None:
    made = recipe({"method": [{"use": "text_to_text"}]})
    with pytest.raises(
        RecipeError, match="'text_to_text' is defined for sentence, pair tasks; 'massive' is a 'intent_slot'"
    ):
        run(made, tmp_path / "run")
