"""Question answering in the lab, from training to the report."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from crosslift import recipe as recipes
from crosslift.errors import DataError
from crosslift.evaluation.evaluate import evaluate
from crosslift.evaluation.predict import predict
from crosslift.heads.input_settings import Lengths
from crosslift.heads.task_model import TaskModel
from crosslift.lab import shared_world
from crosslift.pipeline.run import run
from crosslift.report import markdown
from tests.runs import TINY


def recipe(**changes: Any) -> recipes.Recipe:
    values = {**copy.deepcopy(TINY), **changes}
    del values["align"]
    values["finetune"] = {"task": "xquad", "steps": 3, "batch_size": 8, "evaluations": 1, "average_last": 1}
    values["finetune"] |= changes.get("finetune", {})
    values["evaluate"] = [{"task": "xquad", "languages": ["qaa", "qab"]}, {"task": "mlqa", "languages": ["qab"]}]
    values["data"] = values["data"] | {"counts": {"train": 48, "dev": 12, "test": 16}}
    return recipes.build(values, where="test")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    methods = [{"use": "consistency"}, {"use": "random_perturbation"}]
    return run(recipe(finetune={"method": methods, "doc_stride": 16}), tmp_path_factory.mktemp("runs") / "answers")


def test_a_run_scores_and_its_model_predicts_the_same(whole: Path) -> None:
    content = json.loads((whole / "results.json").read_text())
    chosen = [row for row in content["scores"] if row["selection"] == "source-dev"]
    assert {(row["task"], row["language"], row["metric"]) for row in chosen} == {
        *(("xquad", code, metric) for code in ("qaa", "qab") for metric in ("f1", "exact_match")),
        *(("mlqa", "qab", metric) for metric in ("mlqa_f1", "mlqa_exact_match")),
    }
    lines = (whole / "predictions" / "xquad" / "qab.jsonl").read_text().splitlines()
    examples = shared_world(0).examples("span_qa", "qab", "test", 16)
    again = predict(TaskModel.load(whole / "model"), examples, language="qab", max_length=384, doc_stride=16)
    kept = ("id", "prediction", "gold", "start")
    assert [[json.loads(line)[name] for name in kept] for line in lines] == [[r[name] for name in kept] for r in again]
    assert "xquad" in markdown([whole])
    log = [json.loads(line) for line in (whole / "log.jsonl").read_text().splitlines()]
    terms = [line["terms"] for line in log if line["stage"] == "finetune" and "terms" in line]
    assert {"task", "task.consistency"} <= set(terms[-1])


def test_windows_of_a_saved_model_are_those_of_its_training(whole: Path, tmp_path: Path) -> None:
    loaded = recipes.load(whole / "recipe.toml")
    evaluate(whole / "model", task="xquad", languages=["qab"], data=loaded.data, output=tmp_path / "again")
    place = Path("predictions") / "xquad" / "qab.jsonl"
    assert (tmp_path / "again" / place).read_text() == (whole / place).read_text()
    input_settings = TaskModel.load(whole / "model").input_settings
    assert (input_settings.max_length, input_settings.doc_stride) == (384, 16)


def test_windows_have_the_default_length_unless_the_recipe_sets_it(whole: Path) -> None:
    model = TaskModel.load(whole / "model")
    assert model.lengths() == Lengths(min(384, model.encoder.max_length), doc_stride=16)


def test_development_data_without_answers_is_refused(tmp_path: Path) -> None:
    rows = [{"question": "qo?", "context": "ka la ma", "answers": [{"text": "", "answer_start": 0}]}]
    (tmp_path / "dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = recipe(data=TINY["data"] | {"files": {"dev": {"path": str(tmp_path / "dev.jsonl"), "language": "qaa"}}})
    with pytest.raises(DataError, match="xquad dev in 'qaa': 1 of 1 examples have no gold answer"):
        run(made, tmp_path / "out")
