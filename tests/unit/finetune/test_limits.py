"""Where a method is switched off it is plain fine-tuning, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from crosslift.api import registry
from tests.unit.finetune.cases import Methods, trained

OFF: dict[str, Methods] = {
    "adversarial, radius 0": [("adversarial", {"radius": 0})],
    "adversarial, no steps": [("adversarial", {"steps": 0})],
    "FreeLB, radius 0": [("adversarial", {"radius": 0, "update": "accumulate"})],
    "YOPO, radius 0": [("adversarial", {"radius": 0, "update": "accumulate", "inner_steps": 3})],
    "random_perturbation, radius 0": [("random_perturbation", {"radius": 0})],
    "synonym_smoothing, no neighbours": [("synonym_smoothing", {"count": 0})],
    "code_switch, no words": [("code_switch", {"word_ratio": 0})],
    "code_switch, no sentences": [("code_switch", {"sentence_ratio": 0})],
    "consistency, weight 0": [("consistency", {"example_weight": 0})],
    "synthetic_adversarial, weights 0": [("synthetic_adversarial", {"adversarial_weight": 0, "consistency_weight": 0})],
    "self_augment, share 0": [("self_augment", {"share": 0})],
    "embedding_mixup, share 0": [("embedding_mixup", {"share": 0})],
    "embedding_mixup, all itself": [("embedding_mixup", {"mix": 1})],
    "label_contrastive, weight 0": [("label_contrastive", {"contrast_weight": 0})],
    "several": [("plain", {}), ("code_switch", {"word_ratio": 0}), ("adversarial", {"radius": 0})],
}


@pytest.mark.parametrize("task_type", ["pair", "sentence", "tagging", "multiple_choice"])
@pytest.mark.parametrize("name", OFF)
def test_off_is_plain(checkpoint: Callable[[str], Path], tmp_path: Path, name: str, task_type: str) -> None:
    if any(task_type not in registry.load("finetune", method).task_types for method, _ in OFF[name]):
        pytest.skip("refused by the pipeline")
    plain = trained(checkpoint("bert"), [("plain", {})], tmp_path / "plain", task_type=task_type)
    off = trained(checkpoint("bert"), OFF[name], tmp_path / "off", task_type=task_type)
    assert all(torch.equal(value, off[key]) for key, value in plain.items())


ON: dict[str, Methods] = {
    "adversarial": [("adversarial", {})],
    "FreeLB": [("adversarial", {"update": "accumulate"})],
    "YOPO": [("adversarial", {"update": "accumulate", "steps": 1, "inner_steps": 3})],
    "random_perturbation": [("random_perturbation", {})],
    "consistency": [("consistency", {})],
    "self_augment": [("self_augment", {})],
    "embedding_mixup": [("embedding_mixup", {})],
    "label_contrastive": [("label_contrastive", {})],
    "label_contrastive, same premise": [("label_contrastive", {"same_premise": True, "contrast_weight": 0})],
}


@pytest.mark.parametrize("name", ON)
def test_on_is_not(checkpoint: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    plain = trained(checkpoint("bert"), [("plain", {})], tmp_path / "plain")
    on = trained(checkpoint("bert"), ON[name], tmp_path / "on")
    assert any(not torch.equal(value, on[key]) for key, value in plain.items())
    again = trained(checkpoint("bert"), ON[name], tmp_path / "again")
    assert all(torch.equal(value, again[key]) for key, value in on.items())


def test_an_empty_list_of_neighbours_is_plain(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    path.write_text("{}")
    settings: dict[str, Any] = {"neighbours": str(path), "copies": 3}
    plain = trained(checkpoint("bert"), [("plain", {})], tmp_path / "plain")
    empty = trained(checkpoint("bert"), [("synonym_smoothing", settings)], tmp_path / "empty")
    assert all(torch.equal(value, empty[key]) for key, value in plain.items())
