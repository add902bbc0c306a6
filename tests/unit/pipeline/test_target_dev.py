"""Selection on target dev: only on request, marked as not zero-shot, and without effect on other rules."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from crosslift import recipe as recipes
from crosslift.errors import RecipeError
from crosslift.pipeline.run import run
from crosslift.report import markdown
from tests.runs import TINY


def recipe(finetune: dict[str, Any], **changes: Any) -> recipes.Recipe:
    values = {**copy.deepcopy(TINY), **changes}
    del values["align"]
    return recipes.build({**values, "finetune": {**TINY["finetune"], "learning_rate": 1e-3, **finetune}}, where="test")


def results(directory: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / "results.json").read_text())
    return content


def target_dev(directory: Path) -> list[dict[str, float]]:
    log = [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]
    return [line["target_dev"] for line in log if "target_dev" in line]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(recipe({"oracle": True}), tmp_path_factory.mktemp("runs") / "asked")


def test_target_dev_changes_no_other_rule(asked: Path, tmp_path: Path) -> None:
    with_oracle = results(asked)["scores"]
    without = results(run(recipe({}), tmp_path / "plain"))
    assert {row["selection"] for row in with_oracle} == {"source-dev", "last", "average", "target-dev"}
    assert [row for row in with_oracle if row["selection"] != "target-dev"] == without["scores"]
    assert not any("target-dev" in warning for warning in without["warnings"])


def test_scores_of_target_languages_are_logged_at_every_checkpoint(asked: Path) -> None:
    checkpoints = target_dev(asked)
    assert [set(line) for line in checkpoints] == [{"xnli.qab", "xnli.qaf"}] * 3
    assert (asked / "predictions.target-dev" / "xnli" / "qab.jsonl").exists()


def test_target_dev_is_marked_everywhere(asked: Path) -> None:
    warnings = results(asked)["warnings"]
    assert [warning for warning in warnings if "'target-dev' is not zero-shot" in warning and "qab, qaf" in warning]
    page = markdown([asked])
    assert "target-dev (not zero-shot): target mean" in page
    assert "That is not zero-shot; it shows" in page
    assert "'target-dev' is not zero-shot" in page


def test_a_model_chosen_on_target_dev_is_the_best_and_is_marked(tmp_path: Path) -> None:
    on_dev = [{"task": "xnli", "languages": ["qaa", "qab", "qaf"], "split": "dev"}]
    chosen = run(recipe({"oracle": True, "selection": "target-dev"}, evaluate=on_dev), tmp_path / "run")
    means = [sum(line.values()) / 2 for line in target_dev(chosen)]
    rules = {row["selection"]: row["target_mean"] for row in results(chosen)["summary"]}
    assert rules["target-dev"] == pytest.approx(max(means))
    assert rules["last"] == pytest.approx(means[-1])
    assert (chosen / "predictions.source-dev").exists()
    warnings = " ".join(results(chosen)["warnings"])
    assert "model/ holds the weights of rule 'target-dev'" in warnings
    assert "is scored on the development data that it chose by" in warnings


def test_target_labels_are_used_only_when_asked() -> None:
    with pytest.raises(RecipeError, match=r"set `oracle = true` too"):
        recipe({"selection": "target-dev"})


def test_without_a_target_there_is_no_oracle(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"finetune.oracle: .* \(scored: none\)"):
        run(recipe({"oracle": True}, evaluate=[{"task": "xnli", "languages": ["qaa"]}]), tmp_path / "out")
