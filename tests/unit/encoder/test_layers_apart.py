"""Replayed lower layers: the same numbers and gradients as a pass through all layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from crosslift.encoder.layers import LowerLayers, layers_of
from crosslift.errors import CheckpointError
from crosslift.heads.task_model import TaskModel
from tests.tiny import LANGUAGE, TEXTS, WITH_LAYERS

Checkpoint = Callable[[str], Path]


def made(directory: Path, family: str) -> tuple[TaskModel, Inputs]:
    model = TaskModel.create(Encoder.load(directory), "pair", ("yes", "no"), seed=0).eval()
    language = LANGUAGE.get(family, ("en",))[0]
    return model, model.encoder.collate(model.encoder.tokenize(TEXTS[:3], language=language))


@pytest.mark.parametrize("family", WITH_LAYERS)
def test_playing_back_changes_nothing_but_what_is_added(checkpoint: Checkpoint, family: str) -> None:
    model, inputs = made(checkpoint(family), family)
    clean = model.logits(inputs)
    lower = LowerLayers(model.encoder, 2)
    with lower.recorded(lambda states: states):
        assert torch.equal(model.logits(inputs), clean)
    noise = torch.randn(lower.states.shape, generator=torch.Generator().manual_seed(0))
    with lower.replayed(noise):
        played = model.logits(inputs)
    with LowerLayers(model.encoder, 2).recorded(lambda states: states + noise):
        expected = model.logits(inputs)
    assert torch.equal(played, expected)
    assert not torch.equal(played, clean)
    assert torch.equal(model.logits(inputs), clean)


@pytest.mark.parametrize("family", WITH_LAYERS)
@torch.inference_mode()
def test_lower_layers_alone(checkpoint: Checkpoint, family: str) -> None:
    model, inputs = made(checkpoint(family), family)
    embeddings = model.encoder.embed(inputs.ids)
    whole = model.encoder.hidden_states(inputs)
    higher = []
    top = layers_of(model.encoder)[2]
    handle = top.register_forward_pre_hook(lambda *_: higher.append(True))
    for count in (1, 2):
        assert torch.equal(LowerLayers(model.encoder, count).run(inputs, embeddings), whole[count])
    assert not higher
    handle.remove()
    assert torch.equal(model.encoder.encode(inputs), model.encoder.encode(inputs, embeddings))


@pytest.mark.parametrize("family", ["bert", "t5", "modernbert"])
def test_gradients_go_down_unless_detached(checkpoint: Checkpoint, family: str) -> None:
    model, inputs = made(checkpoint(family), family)
    lower = LowerLayers(model.encoder, 2)
    with lower.recorded(lambda states: states):
        model.logits(inputs)
    weight = model.encoder.base.get_input_embeddings().weight
    noise = torch.ones_like(lower.states)
    with lower.replayed(noise):
        (found,) = torch.autograd.grad(model.logits(inputs)[:, 0].sum(), weight, retain_graph=True)
    with LowerLayers(model.encoder, 2).recorded(lambda states: states + noise):
        (expected,) = torch.autograd.grad(model.logits(inputs)[:, 0].sum(), weight)
    torch.testing.assert_close(found, expected)
    with lower.detached.replayed(noise):
        (nothing,) = torch.autograd.grad(
            model.logits(inputs)[:, 0].sum(), weight, allow_unused=True, materialize_grads=True
        )
    assert family == "t5" or not nothing.any()


def test_xlm_has_no_layers_of_their_own(checkpoint: Checkpoint) -> None:
    model, inputs = made(checkpoint("xlm"), "xlm")
    with (
        pytest.raises(CheckpointError, match="cannot be run by themselves"),
        LowerLayers(model.encoder, 2).recorded(lambda states: states),
    ):
        model.logits(inputs)
