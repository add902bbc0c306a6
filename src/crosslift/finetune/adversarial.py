"""Adversarial training: the task is learned from the worst embeddings within a ball around each token.

``min over theta of max over |delta_t| <= radius of CE(f(e + delta), y)``, the maximum by projected gradient ascent.
The inner passes ask for the gradient at the embeddings only, not at the weights.  The paper states neither norm, radius
nor steps; radius, `steps` and the default step size here are our choice.

``site = "middle"`` moves the states above half of the layers: these are then run once a step, whatever the number of
ascent steps.  ``update = "accumulate"`` is FreeLB: the weights' gradients of all steps are averaged, so no pass is
spent on the ascent alone.  One step of ascent from the middle of the ball (``steps = 1``, ``start = "zero"``) is the
fast gradient method.
Paper: Huang et al. 2021, arXiv 2104.08645, section 3.1; Madry et al. 2018, arXiv 1706.06083; FreeLB: Zhu et al. 2020,
arXiv 1909.11764, algorithm 1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from crosslift.encoder.heads import TaskModel
from crosslift.encoder.layers import LowerLayers
from crosslift.errors import RecipeError
from crosslift.finetune._batch import LabelledBatch, Reading
from crosslift.finetune._method import FinetuneMethod, Loss
from crosslift.finetune._noise import EmbeddingNoise, projected, unit, values_of
from crosslift.train.batch import Batch
from crosslift.train.method import Backward, Terms


class Adversarial(EmbeddingNoise):
    """Cross-entropy at the worst point of a ball.  At radius 0 or with no steps it is plain fine-tuning."""

    paper: ClassVar[str] = "Huang et al. 2021, arXiv 2104.08645"

    steps: int = Field(3, ge=0, description="of gradient ascent")
    step_size: float | None = Field(None, gt=0, description="of a step, as a share of the radius; none: 2.5 / steps")
    start: Literal["uniform", "zero"] = Field("uniform", description="a random point of the ball, or its middle")
    site: Literal["embeddings", "middle", "states"] = Field(  # type: ignore[assignment]  # one site more
        "embeddings",
        description="word embeddings, before positions and normalisation; the states above half of the layers, which "
        "is cheaper; or the last layer's states, which the head sees",
    )
    update: Literal["last", "accumulate"] = Field(
        "last", description="weights learn from the last point, or from the mean over all points on the way (FreeLB)"
    )

    @property
    def active(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.radius and self.steps)

    def perturb(self, model: TaskModel, reading: Reading, drawn: Batch | None, loss: Loss, extra: Any) -> Reading:
        """Return the reading at the last point of the ascent."""
        del extra
        if not self.active:
            return reading
        if self.site == "middle":
            return self._from_the_middle(model, reading, values_of(drawn, reading), loss)
        radii = self.radii(model, reading)
        delta = self._start(values_of(drawn, reading), radii)
        for _ in range(self.steps):
            delta.requires_grad_()
            (gradient,) = torch.autograd.grad(loss(self.moved(model, reading, delta)), delta)
            delta = self._climbed(delta, gradient, radii)
        return self.moved(model, reading, delta)

    def _from_the_middle(self, model: TaskModel, reading: Reading, noise: Tensor, loss: Loss) -> Reading:
        """Return the reading at the last point of an ascent above half of the layers, which are run once."""
        lower = LowerLayers(model.encoder, max(1, model.encoder.layers // 2))
        found: list[Tensor] = []

        def begun(states: Tensor) -> Tensor:
            found[:] = [self._start(noise, self.radii_of(states, reading.inputs)).requires_grad_()]
            return states + found[0]

        with lower.recorded(begun):
            value = loss(reading)
        radii = self.radii_of(lower.states, reading.inputs)
        delta = found[0]
        for step in range(self.steps):
            if step:
                delta.requires_grad_()
                value = loss(replace(reading, lower=lower.detached, shift=delta))
            (gradient,) = torch.autograd.grad(value, delta)
            delta = self._climbed(delta, gradient, radii)
        return replace(reading, lower=lower, shift=delta)

    def run_step(
        self,
        together: FinetuneMethod,
        model: TaskModel,
        batch: LabelledBatch,
        backward: Backward,
        extra: nn.Module | None,
    ) -> Terms | None:
        """Average the gradients of all points, if `update` says so: each pass serves the weights and the ascent."""
        if self.update == "last" or not self.active:
            return None
        if self.site == "middle":
            raise RecipeError(
                'adversarial.update: "accumulate" learns from every pass, and site = "middle" saves passes through the '
                "lower layers; use one of them"
            )
        reading = Reading(batch.view or batch.inputs)
        radii = self.radii(model, reading)
        delta = self._start(values_of(together.drawn_by(self, batch), reading), radii)
        total: dict[str, Tensor] = {}
        for _ in range(self.steps):
            delta.requires_grad_()
            terms = together.terms_of(model, batch, self.moved(model, reading, delta), extra)
            shares = {name: value / self.steps for name, value in terms.items()}
            backward(shares)
            total = {name: total.get(name, 0) + value.detach() for name, value in shares.items()}
            assert delta.grad is not None
            delta = self._climbed(delta, delta.grad, radii)
        return total

    def _start(self, noise: Tensor, radii: Tensor) -> Tensor:
        return noise * radii if self.start == "uniform" else torch.zeros_like(noise)

    def _climbed(self, delta: Tensor, gradient: Tensor, radii: Tensor) -> Tensor:
        size = 2.5 / self.steps if self.step_size is None else self.step_size
        return projected(delta.detach() + size * radii * unit(gradient), radii)
