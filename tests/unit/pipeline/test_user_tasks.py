"""Runs on the user's tasks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crosslift import recipe as recipes
from crosslift.cli import app
from crosslift.errors import DataError
from crosslift.pipeline.run import run
from tests.tiny import TEXTS

ROWS: dict[str, list[dict[str, Any]]] = {
    "sentence": [{"review": text, "stars": number % 2} for number, text in enumerate(TEXTS)],
    "pair": [{"q": text, "a": TEXTS[number - 1], "ok": number % 2 == 0} for number, text in enumerate(TEXTS)],
    "tagging": [
        {"words": text.split(), "tags": ["B-A" if place % 3 == 0 else "O" for place, _ in enumerate(text.split())]}
        for text in TEXTS
    ],
    "multiple_choice": [
        {"premise": text, "choice1": "The cat.", "choice2": "A man.", "label": number % 2}
        for number, text in enumerate(TEXTS)
    ],
    "extractive_qa": [{"question": "who?", "paragraph": text, "answer": text.split()[1]} for text in TEXTS],
}
COLUMNS = {
    "sentence": {"text": "review", "label": "stars"},
    "pair": {"first": "q", "second": "a", "label": "ok"},
    "extractive_qa": {"context": "paragraph", "answers": "answer"},
}
SCORES = {
    "sentence": ("accuracy", "macro_f1"),
    "pair": ("accuracy", "macro_f1"),
    "tagging": ("tagging_f1", "tagging_accuracy"),
    "multiple_choice": ("accuracy",),
    "extractive_qa": ("f1", "exact_match"),
}


def recipe(root: Path, task_type: str, encoder: Path) -> Path:
    """Write data and a recipe for it, and return the recipe."""
    for name in ("train", "dev", "test-de", "test-fr"):
        rows = ROWS[task_type] * (2 if name == "test-fr" else 1)
        (root / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    task = {
        "name": "mine",
        "task_type": task_type,
        "columns": COLUMNS.get(task_type, {}),
        "files": {"train": "train.jsonl", "dev": "dev.jsonl", "test": "test-{language}.jsonl"},
    }
    made = recipes.build(
        {
            "name": "own",
            "encoder": {"model": str(encoder)},
            "data": {"path": str(root), "task": [task]},
            "finetune": {"task": "mine", "steps": 2, "batch_size": 4, "evaluations": 1, "max_length": 62},
            "evaluate": [{"task": "mine"}],
        },
        where="test",
    )
    path = root / "own.toml"
    path.write_text(recipes.to_toml(made), encoding="utf-8")
    return path


@pytest.mark.parametrize("task_type", ROWS)
def test_a_user_task_is_trained_scored_and_scored_again(
    tmp_path: Path, checkpoint: Callable[[str], Path], task_type: str
) -> None:
    path = recipe(tmp_path, task_type, checkpoint("xlm-roberta"))
    directory = run(path, tmp_path / "run")
    content = json.loads((directory / "results.json").read_text())
    scores = {
        (row["language"], row["metric"]): row["value"] for row in content["scores"] if row["selection"] == "source-dev"
    }
    assert set(scores) == {(code, metric) for code in ("de", "fr") for metric in SCORES[task_type]}
    assert "mine test: examples that repeat an earlier one: fr 8" in content["warnings"]
    assert any("mine test in 'de': 8 of 8 test examples occur" in warning for warning in content["warnings"])

    result = CliRunner().invoke(app, ["evaluate", str(directory / "model"), "--task", "mine", "--data", str(path)])
    assert result.exit_code == 0, result.output
    assert "Warning: mine test: examples that repeat an earlier one: fr 8" in " ".join(result.output.split())
    assert f"{scores['de', SCORES[task_type][0]]:.1f}" in result.output


def test_hidden_labels_are_refused_in_training_too(tmp_path: Path, checkpoint: Callable[[str], Path]) -> None:
    path = recipe(tmp_path, "sentence", checkpoint("xlm-roberta"))
    (tmp_path / "dev.jsonl").write_text(json.dumps({"review": "It's raining."}) + "\n")
    with pytest.raises(DataError, match=r"mine dev in 'en': 1 of 1 examples have no gold answer"):
        run(path, tmp_path / "run")
