"""Losses between a sentence and its translation: zero for itself, and a weight that dies with a loss's variation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from crosslift.encoder.encoder import Encoder
from crosslift.errors import RecipeError
from crosslift.finetune.bases.combined import Combined
from crosslift.finetune.cross_aligner import Aligner, CrossAligner
from crosslift.losses import info_nce
from crosslift.train.task_items import TaskItem
from tests.unit.finetune.cases import batch_of, combined, items_of, model_of

Checkpoint = Callable[[str], Path]


def begun(directory: Path, task_type: str, *, shift: int, **settings: object) -> tuple[Combined, list[TaskItem]]:
    """Return both methods, with each item's translation being the item `shift` places on, under its own label."""
    model = model_of(directory, task_type)
    items = items_of(model)
    method = combined(("translated", {}), ("cross_aligner", dict(settings)))
    others = {item.example: replace(items[(row + shift) % len(items)]) for row, item in enumerate(items)}
    method.begin(Encoder.load(directory), items, {"de": others})
    return method, items


def terms_of(directory: Path, task_type: str, *, shift: int, **settings: object) -> dict[str, torch.Tensor]:
    method, items = begun(directory, task_type, shift=shift, **settings)
    model = model_of(directory, task_type)
    torch.manual_seed(0)
    auxiliary = method.auxiliary_module(model)
    return dict(method.loss(model, method.collate(model, items, torch.Generator().manual_seed(0)), auxiliary))


def test_a_sentence_is_no_distance_from_itself(checkpoint: Checkpoint) -> None:
    assert terms_of(checkpoint("bert"), "pair", shift=0)["xero_align"].item() == pytest.approx(0, abs=1e-8)
    assert terms_of(checkpoint("bert"), "pair", shift=1)["xero_align"].item() > 1e-4


def test_distance_and_contrast_are_of_first_states(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))
    made = terms_of(checkpoint("bert"), "pair", shift=1, losses=("xero_align", "contrastive"))
    inputs = batch_of(combined(("plain", {})), model).inputs
    first = model.encoder.encode(inputs)[:, 0]
    second = first.roll(-1, dims=0)
    torch.testing.assert_close(made["xero_align"], (first - second).square().mean(), atol=1e-6, rtol=1e-4)
    expected = info_nce(first, second, temperature=1.0, symmetric=False)
    torch.testing.assert_close(made["contrastive"], expected, atol=1e-5, rtol=1e-4)


def test_the_translation_is_not_learned_unless_asked(checkpoint: Checkpoint) -> None:
    assert "view" not in terms_of(checkpoint("bert"), "pair", shift=1)
    assert "view" in terms_of(checkpoint("bert"), "pair", shift=1, learn_views=1.0)


def test_tags_that_occur_are_told_by_both_sides(checkpoint: Checkpoint) -> None:
    own = terms_of(checkpoint("bert"), "tagging", shift=0, losses=("cross_aligner",))["cross_aligner"]
    other = terms_of(checkpoint("bert"), "tagging", shift=1, losses=("cross_aligner",))["cross_aligner"]
    assert own > 0
    assert not torch.isclose(own, other)


def test_a_constant_loss_weighs_nothing() -> None:
    aligner = Aligner(range(3), 2)
    for step in range(20):
        weights = aligner.weights(torch.tensor([0.5, 1.0 + step % 2]))
        aligner.update()
    assert weights[0].item() == pytest.approx(0, abs=1e-4)
    assert weights[1].item() > 0.1


def test_weights_are_standard_deviation_over_mean() -> None:
    aligner, losses = Aligner(range(1), 1), [2.0, 1.0, 4.0, 3.0]
    ratios, mean = [1.0], 2.0
    for count, loss in enumerate(losses):
        aligner.weights(torch.tensor([loss]))
        aligner.update()
        if count:
            ratios.append(loss / mean)
            mean += (loss - mean) / (count + 1)
    found = torch.tensor(ratios)
    expected = found.std(unbiased=False) / found.mean()
    assert aligner.weights(torch.tensor([1.0])).item() == pytest.approx(expected.item(), rel=1e-4)


def test_translations_and_the_method_that_reads_them_go_together(checkpoint: Checkpoint) -> None:
    encoder, items = Encoder.load(checkpoint("bert")), items_of(model_of(checkpoint("bert")))
    with pytest.raises(RecipeError, match="needs translations of the training data, and there are none"):
        combined(("translated", {})).begin(encoder, items, {})
    with pytest.raises(RecipeError, match='mix: "view" makes translations for the method `translated`'):
        combined(("plain", {})).begin(encoder, items, {"de": {0: items[0]}})


def test_what_has_no_counterpart_is_refused(checkpoint: Checkpoint) -> None:
    with pytest.raises(RecipeError, match="'cross_aligner' predicts tags, which 'pair' tasks do not have"):
        CrossAligner(losses=("cross_aligner",)).auxiliary_module(model_of(checkpoint("bert")))
    model = model_of(checkpoint("bert"), "tagging")
    items = items_of(model)
    method = combined(("translated", {}), ("consistency", {}))
    method.begin(model.encoder, items, {"de": {item.example: items[-1] for item in items}})
    with pytest.raises(RecipeError, match="compared word by word"):
        method.loss(model, method.collate(model, items, torch.Generator()))


def test_without_a_view_there_is_nothing_to_add(checkpoint: Checkpoint) -> None:
    model, method = model_of(checkpoint("bert")), CrossAligner()
    assert set(method.loss(model, batch_of(method, model), method.auxiliary_module(model))) == {"task"}
