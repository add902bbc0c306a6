"""Base of methods that add noise to embeddings or states, within a ball around each token."""

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
    """Noise of unit scale."""

    values: Tensor
    """(batch, length, width)."""


class EmbeddingNoise(FinetuneMethod):
    """Base of methods that move the embedding of each token within a ball; special tokens and padding do not move.

    The radius is relative to the mean norm of the sentence's embeddings, so that a setting means the same for every
    encoder.  `width` is that of the site: the embedding size or the hidden size.
    """

    perturbs: ClassVar[bool] = True

    radius: float = Field(
        0.1,
        ge=0,
        description="radius of the ball around a token, relative to the mean norm of the sentence's embeddings",
    )
    site: Site = Field(
        "embeddings",
        description="word embeddings, before positions and normalisation; or the states of the last layer, the input "
        "of the head",
    )

    @property
    def distribution(self) -> Literal["uniform", "normal"]:
        """The distribution of the noise."""
        return "uniform"

    def draw(
        self, model: TaskModel, items: Sequence[TaskItem], inputs: Inputs, generator: torch.Generator
    ) -> Noise | None:
        """Return noise, uniform in the unit ball or normal with an expected squared norm of 1."""
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
        """Return the radius of the ball around each token, (batch, length, 1), 0 where it must not move."""
        with torch.no_grad():
            if self.site == "embeddings":
                return self.radii_of(model.encoder.embed(model_input.inputs.ids), model_input.inputs)
            return self.radii_of(model_input.output(model).states, model_input.inputs)

    def radii_of(self, states: Tensor, inputs: Inputs) -> Tensor:
        """Return the radius of the ball around each of the states (batch, length, width), as (batch, length, 1)."""
        words = ~inputs.special
        norms = states.detach().float().norm(dim=-1) * words
        mean = norms.sum(dim=1, keepdim=True) / words.sum(dim=1, keepdim=True).clamp(min=1)
        radii: Tensor = (self.radius * mean * words).unsqueeze(-1)
        return radii

    def moved(self, model: TaskModel, model_input: ModelInput, delta: Tensor) -> ModelInput:
        """Return the input with `delta`, (batch, length, width), added at the site."""
        if self.site != "embeddings":
            return replaced(model_input, shift=delta)
        return replaced(model_input, embeddings=model.encoder.embed(model_input.inputs.ids) + delta)


def values_of(drawn: Any, model_input: ModelInput) -> Tensor:
    """Return the noise of a batch, (batch, length, width).

    Rows may have been selected since it was drawn, so it is truncated or padded to the length of the input.
    """
    assert isinstance(drawn, Noise)
    return functional.pad(drawn.values, (0, 0, 0, model_input.inputs.ids.shape[1] - drawn.values.shape[1]))


def projected(delta: Tensor, radii: Tensor) -> Tensor:
    """Return `delta`, (batch, length, width), projected onto balls of the given radii, (batch, length, 1)."""
    shrink: Tensor = (radii / delta.norm(dim=-1, keepdim=True).clamp(min=1e-12)).clamp(max=1)
    return delta * shrink


def unit(gradient: Tensor) -> Tensor:
    """Return the gradient of each token divided by its norm, (batch, length, width); 0 where it is 0."""
    length: Tensor = gradient.float().norm(dim=-1, keepdim=True)
    return gradient.float() / length.clamp(min=1e-12)
