"""The files of a run that are not predictions: its settings at the start, its results and model card at the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from crosslift.encoder.device import default_device
from crosslift.evaluation.scores import by_group, summary
from crosslift.pipeline.inputs.read import RunData
from crosslift.pipeline.model_card import write_card
from crosslift.pipeline.outcome import Outcome
from crosslift.recipe import Recipe, to_toml
from crosslift.runs.write import JsonLines, environment, remove, results, write_json, write_text
from crosslift.train import processes


def write_settings(folder: Path, recipe: Recipe, data: RunData) -> None:
    """Write recipe.toml and environment.json."""
    facts = environment(data.record, str(default_device()), torch.get_num_threads())
    write_text(folder / "recipe.toml", to_toml(recipe))
    write_json(folder / "environment.json", {**facts, "processes": processes.count()})


def write_results(
    folder: Path, recipe: Recipe, data: RunData, *, outcome: Outcome, languages: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write log.jsonl, the card of the model and results.json, and remove the saved states."""
    log = JsonLines(folder / "log.jsonl")
    log.truncate(0)
    for line in outcome.log:
        log.append(line)
    content = results(
        recipe.name,
        recipe.seed,
        scores=outcome.scores,
        summary=summary(outcome.scores, data.source_language),
        stages=outcome.stages,
        probes=outcome.probes,
        languages=languages,
        warnings=outcome.warnings,
        generalized=outcome.generalized,
        consistency=outcome.consistency,
        groups=by_group(outcome.scores, languages, data.source_language),
    )
    write_card(folder, content, recipe, data)
    write_json(folder / "results.json", content)
    remove(folder / "states")
