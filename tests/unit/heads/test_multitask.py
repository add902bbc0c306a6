"""One transformer under several heads, in every family."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from crosslift.encoder.encoder import Encoder
from crosslift.heads.multitask import carry_over, share, with_masked_head
from crosslift.heads.task_model import TaskModel
from tests.tiny import BUILDERS, LANGUAGE, TEXTS, WITHOUT_MASKED_HEAD

every_family = pytest.mark.parametrize("name", sorted(BUILDERS))
Checkpoint = Callable[[str], Path]


def outputs(model: TaskModel, language: str | None) -> torch.Tensor:
    inputs = model.encoder.collate(model.encoder.tokenize(TEXTS[:2], language=language))
    with torch.inference_mode():
        return model.eval().logits(inputs)


def disturb(encoder: Encoder) -> None:
    with torch.no_grad():
        for parameter in encoder.base.parameters():
            parameter.add_(0.01)


@every_family
def test_training_one_trains_all_and_comes_back_bit_for_bit(checkpoint: Checkpoint, name: str) -> None:
    encoder = Encoder.load(checkpoint(name))
    language = LANGUAGE.get(name, (None,))[0]
    tagging = TaskModel.create(encoder, "tagging", ["x", "y"], seed=1)
    sentence = TaskModel.create(encoder, "sentence", ["x", "y", "z"], seed=0)
    before = [outputs(model, language) for model in (tagging, sentence)]
    share([tagging, sentence])
    assert all(torch.equal(outputs(m, language), b) for m, b in zip((tagging, sentence), before, strict=True))
    disturb(sentence.encoder)
    assert not torch.equal(outputs(tagging, language), before[0])
    assert tagging.encoder.base is sentence.encoder.base

    carry_over(sentence.encoder, encoder)
    again = TaskModel.create(encoder, "sentence", ["x", "y", "z"], seed=5)
    trained = sentence.encoder.base.state_dict()
    carried = again.encoder.base.state_dict()
    had_pooler = encoder.pooler is not None
    compared = [key for key in carried if "pooler" not in key or had_pooler]
    assert compared
    assert all(torch.equal(carried[key], trained[key]) for key in compared)


@pytest.mark.parametrize("name", sorted(set(BUILDERS) - set(WITHOUT_MASKED_HEAD)))
def test_the_masked_head_reads_the_shared_transformer(checkpoint: Checkpoint, name: str) -> None:
    encoder = Encoder.load(checkpoint(name))
    language = LANGUAGE.get(name, (None,))[0]
    model = TaskModel.create(encoder, "sentence", ["x", "y"], seed=0)
    masked = with_masked_head(encoder, model.encoder)
    assert masked.base is model.encoder.base

    def predictions(each: Encoder) -> torch.Tensor:
        inputs = each.collate(each.tokenize(TEXTS[:1], language=language))
        with torch.inference_mode():
            return each.eval().masked_logits(each.encode(inputs), inputs.mask.bool())

    assert torch.equal(predictions(masked), predictions(encoder))
    disturb(model.encoder)
    with torch.no_grad():
        for parameter in masked.model.parameters():
            parameter.mul_(1.01)
    assert not torch.equal(predictions(masked), predictions(encoder))
    carry_over(masked, encoder)
    assert torch.equal(predictions(masked), predictions(encoder))
