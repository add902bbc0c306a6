"""Noise in the embedding space: where it is added, how large it is, and the ball it stays in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from crosslift.encoder.inputs import Inputs
from crosslift.finetune.bases.batch import ModelInput
from crosslift.finetune.bases.method import FinetuneMethod
from crosslift.heads.task_model import TaskModel
from crosslift.train.batch import Batch
from crosslift.train.task_items import TaskItem

Site = Literal["embeddings", "states"]


@dataclass(frozen=True)
class Noise(Batch):
    """Noise of unit scale, (batch, length, width)."""

    values: Tensor


class EmbeddingNoise(FinetuneMethod):
    """Base of methods that move each token's embedding within a ball; special tokens and padding stay where they are.

    The ball's radius is a share of the mean norm of the sentence's own embeddings, so that one setting means the same
    for every encoder.
    """

    perturbs: ClassVar[bool] = True

    radius: float = Field(
        0.1, ge=0, description="of the ball around a token, as a share of the mean norm of the sentence's embeddings"
    )
    site: Site = Field(
        "embeddings",
        description="word embeddings, before positions and normalisation; or the last layer's states, which the head "
        "sees",
    )

    @property
    def distribution(self) -> Literal["uniform", "normal"]:
        """What noise is drawn from."""
        return "uniform"

    def draw(
        self, model: TaskModel, items: Sequence[TaskItem], inputs: Inputs, generator: torch.Generator
    ) -> Noise | None:
        """Return noise: uniform in the unit ball, or normal with unit expected square norm."""
        del items
        if not self.radius:
            return None
        width = model.encoder.embedding_size if self.site == "embeddings" else model.encoder.hidden_size
        values = torch.randn(*inputs.ids.shape, width, generator=generator)
        if self.distribution == "normal":
            return Noise(values / width**0.5)
        shrink = torch.rand(*inputs.ids.shape, 1, generator=generator) ** (1 / width)
        return Noise(values * shrink / values.norm(dim=-1, keepdim=True).clamp(min=1e-12))

    def radii(self, model: TaskModel, model_input: ModelInput) -> Tensor:
        """Return the radius of each token's ball, 0 where it must not move: (batch, length, 1)."""
        with torch.no_grad():
            if self.site == "embeddings":
                return self.radii_of(model.encoder.embed(model_input.inputs.ids), model_input.inputs)
            return self.radii_of(model_input.output(model).states, model_input.inputs)

    def radii_of(self, states: Tensor, inputs: Inputs) -> Tensor:
        """Return the radius of the ball around each of `states` (batch, length, width)."""
        words = ~inputs.special
        norms = states.detach().float().norm(dim=-1) * words
        mean = norms.sum(dim=1, keepdim=True) / words.sum(dim=1, keepdim=True).clamp(min=1)
        radii: Tensor = (self.radius * mean * words).unsqueeze(-1)
        return radii

    def moved(self, model: TaskModel, model_input: ModelInput, delta: Tensor) -> ModelInput:
        """Return the reading with `delta` (batch, length, width) added."""
        if self.site != "embeddings":
            return replaced(model_input, shift=delta)
        return replaced(model_input, embeddings=model.encoder.embed(model_input.inputs.ids) + delta)


def values_of(drawn: Any, model_input: ModelInput) -> Tensor:
    """Return the noise of a batch, cut or filled up to its length: rows may have been chosen since it was drawn."""
    assert isinstance(drawn, Noise)
    return functional.pad(drawn.values, (0, 0, 0, model_input.inputs.ids.shape[1] - drawn.values.shape[1]))


def projected(delta: Tensor, radii: Tensor) -> Tensor:
    """Return `delta` (batch, length, width), scaled down where it is longer than its token's radius."""
    shrink: Tensor = (radii / delta.norm(dim=-1, keepdim=True).clamp(min=1e-12)).clamp(max=1)
    return delta * shrink


def unit(gradient: Tensor) -> Tensor:
    """Return the direction of each token's gradient; 0 where there is none."""
    length: Tensor = gradient.float().norm(dim=-1, keepdim=True)
    return gradient.float() / length.clamp(min=1e-12)
