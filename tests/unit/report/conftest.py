"""Run directories made by hand, small but whole."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

LANGUAGES = {
    "src": {"name": "Source", "script": "Latin", "family": "Lab", "description": "SVO, the source"},
    "near": {"name": "Near", "script": "Latin", "family": "Lab", "description": "SVO, 60% cognates"},
    "far": {"name": "Far", "script": "Block", "family": "Lab", "description": "SOV, no cognates"},
    "rare": {"name": "Rare", "script": "Latin", "family": "Lab", "description": "VSO, little text"},
}

RULES = {"source-dev": 0.0, "last": -0.6, "average": 0.4}


def results(
    recipe: str = "unaligned",
    *,
    seed: int = 0,
    values: dict[str, float] | None = None,
    stages: tuple[str, ...] = ("pretrain", "finetune"),
    task: str = "nli",
) -> dict[str, Any]:
    """Return results.json of a run; `values` are scores by language, the first one the source."""
    values = values or {"src": 88.0 + seed, "near": 52.0 + seed, "far": 36.0 - seed, "rare": 41.0}
    source, *targets = values
    scores, summary = [], []
    for rule, offset in RULES.items():
        scores += [
            {
                "task": task,
                "language": code,
                "metric": "accuracy",
                "value": value + offset,
                "items": 600,
                "selection": rule,
            }
            for code, value in values.items()
        ]
        found = {code: values[code] + offset for code in targets}
        mean = sum(found.values()) / len(found)
        worst = min(found, key=lambda code: found[code])
        summary.append(
            {
                "task": task,
                "metric": "accuracy",
                "selection": rule,
                "source": source,
                "source_value": values[source] + offset,
                "target_mean": mean,
                "all_mean": sum(values.values()) / len(values) + offset,
                "target_min": found[worst],
                "target_min_language": worst,
                "transfer_gap": values[source] + offset - mean,
                "targets": len(targets),
            }
        )
    return {
        "schema": 1,
        "recipe": recipe,
        "seed": seed,
        "scores": scores,
        "summary": summary,
        "stages": [
            {
                "stage": stage,
                "seconds": 40.0 + place,
                "tokens": 90_000,
                "steps": 300,
                "cached": stage == "pretrain" and seed > 0,
            }
            for place, stage in enumerate(stages)
        ],
        "probes": [
            {"stage": stage, "language": code, "metric": "retrieval", "value": 20.0 + 9 * place, "items": 200}
            for place, stage in enumerate(stages)
            for code in targets
        ],
        "languages": copy.deepcopy(LANGUAGES),
        "warnings": [],
    }


def log(stages: tuple[str, ...] = ("pretrain", "finetune"), *, seed: int = 0) -> list[dict[str, Any]]:
    """Return log lines: a falling loss in every stage, and a rising source dev score in the last."""
    rng = np.random.default_rng(seed)
    lines: list[dict[str, Any]] = []
    for stage in stages:
        term = {"pretrain": "mlm", "align": "tlm"}.get(stage, "task")
        for step in range(0, 300, 10):
            loss = 4 * float(np.exp(-step / 90)) + 0.6 + float(rng.normal(0, 0.05))
            lines.append(
                {
                    "stage": stage,
                    "step": step,
                    "steps": 300,
                    "terms": {term: loss},
                    "tokens": 3000,
                    "seconds": 1.2,
                    "learning_rate": 1e-4,
                    "gradient_norm": 1.0,
                }
            )
    lines += [
        {"stage": stages[-1], "step": s, "dev": {"accuracy": 90 - 50 * float(np.exp(-s / 80))}}
        for s in range(50, 301, 50)
    ]
    return lines


def embeddings(
    path: Path,
    *,
    meanings: int = 12,
    mixed: float = 1.0,
    codes: tuple[str, ...] = ("src", "near", "far"),
    text: str = "text",
) -> None:
    """Write vectors that lie by meaning, and apart by language as `mixed` goes to 0."""
    rng = np.random.default_rng(0)
    meaning, language = rng.normal(size=(meanings, 16)), rng.normal(size=(len(codes), 16)) * 3 * (1 - mixed)
    grid = [(m, c) for c in range(len(codes)) for m in range(meanings)]
    noise = rng.normal(size=(len(grid), 16)) * 0.15
    vectors = np.array([meaning[m] + language[c] for m, c in grid]) + noise
    np.savez(
        path,
        vectors=vectors.astype(np.float16),
        languages=np.array([codes[c] for _, c in grid]),
        ids=np.array([str(m) for m, _ in grid]),
        texts=np.array([f"{text} {m} in {codes[c]}" for m, c in grid]),
    )


def written(
    directory: Path,
    recipe: str,
    *,
    seed: int = 0,
    change: Callable[[dict[str, Any]], None] | None = None,
    with_log: bool = True,
    vectors: bool = False,
    **settings: Any,
) -> Path:
    """Write a run directory; `change` edits its results before they are written."""
    directory.mkdir(parents=True)
    values = results(recipe, seed=seed, **settings)
    if change:
        change(values)
    (directory / "results.json").write_text(json.dumps(values), encoding="utf-8")
    if with_log:
        stages = settings.get("stages", ("pretrain", "finetune"))
        lines = "".join(json.dumps(line) + "\n" for line in log(stages, seed=seed))
        (directory / "log.jsonl").write_text(lines, encoding="utf-8")
    if vectors:
        embeddings(directory / "embeddings.npz")
    (directory / "recipe.toml").write_text(f'seed = {seed}\n[encoder]\nmodel = "lab"\n', encoding="utf-8")
    environment = {"versions": {"crosslift": "0.1.0"}, "device": "cpu", "command": "crosslift run recipe.toml"}
    (directory / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    return directory


@pytest.fixture
def write_embeddings() -> Callable[..., None]:
    """Write embeddings.npz; see `embeddings`."""
    return embeddings


@pytest.fixture
def make_results() -> Callable[..., dict[str, Any]]:
    """Return the values of results.json; see `results`."""
    return results


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a run directory; see `written`."""

    def make(recipe: str = "unaligned", *, seed: int = 0, folder: str | None = None, **settings: Any) -> Path:
        return written(tmp_path / (folder or f"{recipe}-{seed}"), recipe, seed=seed, **settings)

    return make


@pytest.fixture
def two_systems(make_run: Callable[..., Path]) -> list[Path]:
    """Return three seeds of a baseline and of a system that is 12 points better on every target."""
    stages = ("pretrain", "align", "finetune")
    better = [{"src": 88.0 + s, "near": 64.0 + s, "far": 48.0 - s, "rare": 53.0} for s in range(3)]
    return [
        *(make_run("unaligned", seed=seed) for seed in range(3)),
        *(make_run("aligned", seed=seed, values=better[seed], stages=stages) for seed in range(3)),
    ]
