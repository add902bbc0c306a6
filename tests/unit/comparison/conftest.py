"""Run directories made by hand: predictions whose chance is known."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crosslift.api import registry
from crosslift.runs.write import results, write_json, write_records

LABELS = ("entailment", "neutral", "contradiction")
Records = Sequence[Mapping[str, Any]]


def records(count: int, accuracy: float, *, seed: int = 0, prefix: str = "") -> list[dict[str, Any]]:
    """Return predictions; items that one run finds easy, others do too."""
    easy = np.random.default_rng(99).random(count)
    luck = 0.3 * np.random.default_rng(seed).normal(size=count)
    right = easy + luck < accuracy
    return [
        {
            "id": f"{prefix}{i}",
            "prediction": LABELS[(i + (not right[i])) % 3],
            "gold": LABELS[i % 3],
            "probability": 0.5,
        }
        for i in range(count)
    ]


def write_run(
    directory: Path,
    predictions: Mapping[str, Records],
    *,
    recipe: str,
    seed: int = 0,
    task: str = "xnli",
    metrics: Sequence[str] = ("accuracy",),
    source: str = "en",
    settings: str = "",
) -> Path:
    """Write results.json, recipe.toml and the predictions of one task by language."""
    scores = []
    for language, lines in predictions.items():
        write_records(directory / "predictions" / task / f"{language}.jsonl", lines)
        for metric in metrics:
            value = registry.load("metric", metric)(LABELS)(lines)
            row = {"task": task, "language": language, "metric": metric, "value": value, "items": len(lines)}
            scores.append({**row, "selection": "source-dev"})
    summary = [
        {"task": task, "metric": metrics[0], "selection": "source-dev", "source": source, "source_value": 0.0,
         "target_mean": 0.0, "transfer_gap": 0.0, "targets": len(predictions) - 1}
    ]  # fmt: skip
    content = results(recipe, seed, scores=scores, summary=summary, stages=[], probes=[], languages={}, warnings=[])
    write_json(directory / "results.json", content)
    (directory / "recipe.toml").write_text(f'name = "{recipe}"\nseed = {seed}\n{settings}\n')
    return directory


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Write a run of a recipe: accuracy by language, or records by language."""

    def make(
        recipe: str, seed: int = 0, *, scores: Mapping[str, Any] | None = None, items: int = 120, **more: Any
    ) -> Path:
        given = scores or {"en": 0.8, "de": 0.6, "sw": 0.5}
        lines = {
            code: records(items, value, seed=zlib.crc32(f"{recipe} {seed} {code}".encode()))
            if isinstance(value, float)
            else value
            for code, value in given.items()
        }
        return write_run(tmp_path / recipe / f"seed-{seed}", lines, recipe=recipe, seed=seed, **more)

    return make
