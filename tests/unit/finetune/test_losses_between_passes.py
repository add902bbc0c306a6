"""Consistency and label-aware contrast: what they equal where they must equal something known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from crosslift.errors import RecipeError
from crosslift.finetune.consistency import Consistency, symmetric_divergence
from crosslift.finetune.label_contrastive import LabelContrastive
from crosslift.losses import info_nce, supervised_contrastive
from tests.unit.finetune.cases import LABELS, batch_of, combined, items_of, model_of

Checkpoint = Callable[[str], Path]


def test_divergence_is_symmetric_and_zero_for_equals() -> None:
    first, second = torch.randn(2, 5, 3, dtype=torch.float64)
    assert float(symmetric_divergence(first, first)) == pytest.approx(0, abs=1e-6)
    assert float(symmetric_divergence(first, second)) == pytest.approx(float(symmetric_divergence(second, first)))
    p, q = first.softmax(-1), second.softmax(-1)
    expected = ((p - q) * (p.log() - q.log())).sum()
    assert float(symmetric_divergence(first, second)) == pytest.approx(float(expected), rel=1e-4)


@pytest.mark.parametrize("task_type", ["pair", "tagging"])
def test_consistency_without_dropout_or_view_is_zero(checkpoint: Checkpoint, task_type: str) -> None:
    model = model_of(checkpoint("bert"), task_type)
    method = Consistency()
    terms = method.loss(model, batch_of(method, model))
    assert terms["consistency"].item() == pytest.approx(0, abs=1e-5)
    assert "view" not in terms
    assert set(Consistency(learn_views=1).loss(model, batch_of(method, model))) == {"task", "view", "consistency"}


def test_consistency_with_noise_is_positive_and_has_a_gradient(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))
    method = combined(("random_perturbation", {"radius": 20.0}), ("consistency", {}))
    terms = method.loss(model, batch_of(method, model))
    assert terms["consistency"].item() > 1e-3
    terms["consistency"].backward()
    assert any(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in model.parameters())


def test_a_teacher_that_is_the_model_teaches_nothing(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = model_of(checkpoint("bert"))
    model.save(tmp_path / "teacher")
    method = Consistency(example_weight=0, teacher=str(tmp_path / "teacher"))
    auxiliary = method.auxiliary_module(model)
    assert auxiliary is not None
    assert all(not parameter.requires_grad for parameter in auxiliary.parameters())
    terms = method.loss(model, batch_of(method, model), auxiliary)
    assert terms["teacher"].item() == pytest.approx(0, abs=1e-5)
    with torch.no_grad():
        for parameter in model.module.classifier.parameters():
            parameter += torch.randn_like(parameter)
    assert method.loss(model, batch_of(method, model), auxiliary)["teacher"].item() > 0.01


def test_a_teacher_of_another_task_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model_of(checkpoint("bert"), "tagging").save(tmp_path / "teacher")
    with pytest.raises(RecipeError, match="expected a model for yes, no, perhaps"):
        Consistency(teacher=str(tmp_path / "teacher")).auxiliary_module(model_of(checkpoint("bert"), "pair"))


def test_contrast_is_that_of_the_sentence_vectors(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))
    method = LabelContrastive(pooling="mean")
    batch = batch_of(method, model)
    vectors = model.encoder.pool(model.encoder.encode(batch.inputs), batch.inputs, "mean")
    expected = 0.3 * supervised_contrastive(vectors, batch.labels, temperature=0.2)
    torch.testing.assert_close(method.loss(model, batch)["label_contrastive"], expected)


def test_order_does_not_matter_and_labels_do(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))
    method = LabelContrastive()
    batch = batch_of(method, model)
    turned = batch.select(torch.arange(len(batch)).flip(0))
    torch.testing.assert_close(method.loss(model, turned), method.loss(model, batch))
    shuffled = LabelContrastive(positives="shuffled").loss(model, batch)
    plain = method.loss(model, batch)
    assert torch.equal(shuffled["task"], plain["task"])
    assert not torch.isclose(shuffled["label_contrastive"], plain["label_contrastive"])


def test_positives_from_views_alone_are_contrast_of_views() -> None:
    """Labels all distinct: the only positive is the other view, and the loss is NT-Xent."""
    first, second = torch.randn(2, 6, 8)
    rows, labels = torch.cat([first, second]), torch.arange(6).repeat(2)
    expected = info_nce(first, second, temperature=0.2, same_language_negatives=True)
    torch.testing.assert_close(supervised_contrastive(rows, labels, temperature=0.2), expected)


def test_trade_off_weighs_both(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))
    method = LabelContrastive(trade_off=True, contrast_weight=0.9)
    batch = batch_of(method, model)
    plain = combined(("plain", {})).loss(model, batch)["task"]
    torch.testing.assert_close(method.loss(model, batch)["task"], 0.1 * plain, atol=1e-6, rtol=1e-4)


def test_anchors_without_a_positive_are_left_out(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))
    method = LabelContrastive()
    rows = [item for item in items_of(model) if item.label in (0, 1)][:2]
    assert {LABELS[item.label] for item in rows} == {"yes", "no"}
    batch = method.collate(model, rows, torch.Generator())
    assert method.loss(model, batch)["label_contrastive"].item() == 0


def test_a_weight_needs_a_term() -> None:
    from crosslift.finetune.bases.combined import Combined
    from crosslift.finetune.plain import Plain

    with pytest.raises(RecipeError, match=r"finetune.method.0.weight: 0.5 was given"):
        Combined.of([Plain()], [0.5])
