"""Adversarial views in fine-tuning: words exchanged raise the task's loss, and labels stay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from crosslift.encoder.inputs import IGNORED
from crosslift.finetune.bases.batch import ModelInput
from crosslift.finetune.synthetic_adversarial import SyntheticAdversarial
from tests.unit.finetune.cases import batch_of, model_of

Checkpoint = Callable[[str], Path]
WORDS = ("cat", "sleeps", "red", "man", "reads", "book")


def method(tmp_path: Path, **settings: Any) -> SyntheticAdversarial:
    path = tmp_path / "en-de.txt"
    path.write_text("".join(f"{w}\t{o}\n" for w in WORDS for o in ("Katze", "Buch", "Garten", "roten")), "utf-8")
    return SyntheticAdversarial(lexicon=str(path), candidates="lexicon", replace_share=0.5, **settings)


def test_views_cost_more_than_their_sentences_and_than_random_ones(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = model_of(checkpoint("bert"), "sentence")

    def added(**settings: Any) -> float:
        made = method(tmp_path, **settings)
        auxiliary = made.auxiliary_module(model)
        terms = [made.loss(model, batch_of(made, model, seed=seed), auxiliary) for seed in range(5)]
        return sum((each["view"] - each["task"]).item() for each in terms)

    assert added() > max(0.0, added(choice="random"))


def test_tags_stay_with_their_words(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model, made = model_of(checkpoint("bert"), "tagging"), method(tmp_path, choice="random")
    batch = batch_of(made, model)
    assert batch.view is not None
    model_input = made.perturb(
        model, ModelInput(batch.view), batch.drawn[0], made.mean_loss(model, batch), made.auxiliary_module(model)
    )
    assert not torch.equal(model_input.inputs.ids, batch.inputs.ids)
    before, after = batch.inputs.targets, model_input.inputs.targets
    assert before is not None
    assert after is not None
    for row, other in zip(before, after, strict=True):
        assert torch.equal(row[row != IGNORED], other[other != IGNORED])


def test_the_divergence_is_of_both_predictions(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = model_of(checkpoint("bert"))
    alone, both = method(tmp_path, consistency_weight=0), method(tmp_path)
    auxiliary = both.auxiliary_module(model)
    batch = batch_of(both, model)
    assert set(alone.loss(model, batch, auxiliary)) == {"task", "view"}
    assert both.loss(model, batch, auxiliary)["adversarial_consistency"] > 0
