"""Runs with smoothed predictions."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from crosslift import recipe as recipes
from crosslift.errors import RecipeError
from crosslift.evaluation.evaluate import evaluate
from crosslift.evaluation.smoothing import Smoothing, predict_smoothed
from crosslift.heads.task_model import TaskModel
from crosslift.lab import World
from crosslift.pipeline.run import run
from tests.runs import TINY


def recipe(**smooth: Any) -> recipes.Recipe:
    values = copy.deepcopy(TINY)
    del values["align"]
    values["evaluate"] = [{"task": "xnli", "languages": ["qaa", "qab"], "split": "dev", "smooth": smooth}]
    return recipes.build(values, where="test")


@pytest.mark.parametrize(
    "smooth",
    [{"use": "random_perturbation", "radius": 1.5}, {"use": "synonym_smoothing", "neighbours": "lab"}],
)
def test_a_run_predicts_like_its_smoothed_model(tmp_path: Path, smooth: dict[str, Any]) -> None:
    done = run(recipe(**smooth, samples=2, seed=3), tmp_path / "run")
    settings = {**smooth, "neighbours": "lab:0"} if "neighbours" in smooth else dict(smooth)
    way = Smoothing.by(settings.pop("use"), samples=2, seed=3, **settings)
    model, examples = TaskModel.load(done / "model"), World().examples("nli", "qaa", "dev", 24)
    smoothed, plain = (
        [row["probability"] for row in predict_smoothed(model, examples, smoothing=each, language="qaa", max_length=48)]
        for each in (way, None)
    )
    file = done / "predictions" / "xnli" / "qaa.jsonl"
    written = [json.loads(line)["probability"] for line in file.read_text().splitlines()]
    assert smoothed == pytest.approx(written, abs=2e-6)
    assert plain != pytest.approx(written, abs=1e-4)


def test_a_saved_model_is_scored_with_smoothing(tmp_path: Path) -> None:
    done = run(recipe(use="random_perturbation", samples=0), tmp_path / "run")
    asked: dict[str, Any] = {"task": "xnli", "languages": ["qaa"], "split": "dev", "data": "lab"}
    found = [
        evaluate(done / "model", **asked, smooth=Smoothing.by("random_perturbation", radius=radius, samples=1))
        for radius in (0, 8.0)
    ]
    assert found[0]["scores"] == evaluate(done / "model", **asked)["scores"] != found[1]["scores"]


def test_settings_of_smoothing_are_filled_in() -> None:
    filled = recipe(use="random_perturbation").evaluate[0].smooth
    assert filled is not None
    assert (filled.samples, filled.combine, filled.settings["radius"]) == (10, "average", 0.1)
    assert recipes.build(recipes.values(recipe(use="synonym_smoothing")), where="test").evaluate[0].smooth is not None


@pytest.mark.parametrize(
    ("smooth", "message"),
    [
        ({"use": "random_perturbation", "raduis": 1}, r"unknown key 'evaluate\.0\.smooth\.raduis'.*did you mean 'rad"),
        ({"use": "random_perturbation", "radius": -1}, r"smooth\.radius: found -1; expected a number of at least 0"),
        ({"use": "adversarial"}, r"evaluate\.0\.smooth\.use: .*'random_perturbation' or 'synonym_smoothing'"),
        ({"radius": 0.1}, r"'evaluate\.0\.smooth\.use' is missing"),
    ],
)
def test_mistakes_are_named(smooth: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe(**smooth)


def test_a_task_is_smoothed_or_it_is_not() -> None:
    values = recipes.values(recipe(use="random_perturbation"))
    values["evaluate"].append({"task": "xnli", "languages": ["qaf"]})
    with pytest.raises(RecipeError, match=r"evaluate\.1: 'xnli' is scored by an earlier table, .*smooths"):
        recipes.build(values, where="test")


def test_pairs_of_languages_cannot_be_smoothed(tmp_path: Path) -> None:
    values = recipes.values(recipe(use="random_perturbation"))
    values["evaluate"][0]["generalized"] = True
    with pytest.raises(RecipeError, match=r"generalized: predictions for pairs in two languages cannot be smoothed"):
        run(recipes.build(values, where="test"), tmp_path / "run")


def test_another_task_type_is_refused(tmp_path: Path) -> None:
    values = recipes.values(recipe(use="random_perturbation"))
    values["evaluate"][0] |= {"task": "tatoeba", "split": "test", "languages": ["qab"]}
    with pytest.raises(RecipeError, match=r"evaluate\.0\.smooth: 'tatoeba' is a 'retrieval' task"):
        run(recipes.build(values, where="test"), tmp_path / "run")
