"""Adversarial training: the task is learned from the worst embeddings within a ball around each token.

``min over theta of max over |delta_t| <= radius of CE(f(e + delta), y)``, the maximum by projected gradient ascent.
The inner passes ask for the gradient at the embeddings only, not at the weights.  The paper states neither norm, radius
nor steps; radius, `steps` and the default step size here are our choice.

``site = "middle"`` moves the states above half of the layers: these are then run once a step, whatever the number of
ascent steps.  ``update = "accumulate"`` is FreeLB: the weights' gradients of all steps are averaged, so no pass is
spent on the ascent alone.  One step of ascent from the middle of the ball (``steps = 1``, ``start = "zero"``) is the
fast gradient method.

With `inner_steps` most of the ascent goes through the lowest layer alone (YOPO): the loss's gradient at its output is
kept while the noise moves.  Together with ``update = "accumulate"`` one pass for each of `steps` is all that goes
through the upper layers; they learn from where it was made, and the lowest from where the inner steps have led.
Paper: Huang et al. 2021, arXiv 2104.08645, section 3.1; Madry et al. 2018, arXiv 1706.06083; FreeLB: Zhu et al. 2020,
arXiv 1909.11764, algorithm 1; YOPO: Zhang et al. 2019, arXiv 1905.00877, algorithm 1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from crosslift.encoder.layers import LowerLayers
from crosslift.errors import RecipeError
from crosslift.finetune.bases.batch import LabelledBatch, ModelInput
from crosslift.finetune.bases.embedding_noise import EmbeddingNoise, projected, unit, values_of
from crosslift.finetune.bases.method import FinetuneMethod, Loss
from crosslift.heads.label_names import LabelNames
from crosslift.heads.task_model import TaskModel
from crosslift.train.batch import Batch
from crosslift.train.method import Backward, Terms


class Adversarial(EmbeddingNoise):
    """Cross-entropy at the worst point of a ball.  At radius 0 or with no steps it is plain fine-tuning."""

    paper: ClassVar[str] = "Huang et al. 2021, arXiv 2104.08645"

    radius: float = Field(  # a tenth of that of random noise: at 0.03 and more, the lab's encoder learns nothing
        0.01, ge=0, description="of the ball around a token, as a share of the mean norm of the sentence's embeddings"
    )
    steps: int = Field(3, ge=0, description="of gradient ascent")
    inner_steps: int = Field(
        1,
        ge=1,
        description="of ascent for each of `steps`: one goes through all layers, the others through the lowest alone "
        "and reuse the gradient above it (YOPO)",
    )
    step_size: float | None = Field(
        None, gt=0, description="of a step, as a share of the radius; none: 2.5 / (steps * inner_steps)"
    )
    start: Literal["uniform", "zero"] = Field("uniform", description="a random point of the ball, or its middle")
    site: Literal["embeddings", "middle", "states"] = Field(  # type: ignore[assignment]  # one site more
        "embeddings",
        description="word embeddings, before positions and normalisation; the states above half of the layers, which "
        "is cheaper; or the last layer's states, which the head sees",
    )
    update: Literal["last", "accumulate"] = Field(
        "last", description="weights learn from the last point, or from the mean over all points on the way (FreeLB)"
    )

    @model_validator(mode="after")
    def _lowest_layer_above_the_noise(self) -> Self:
        if self.inner_steps > 1 and self.site != "embeddings":
            raise ValueError(
                f"inner_steps = {self.inner_steps} goes through the lowest layer, which is below the noise of site = "
                f"'{self.site}'; expected 1, or site = 'embeddings'"
            )
        return self

    @property
    def active(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.radius and self.steps)

    def perturb(
        self, model: TaskModel, model_input: ModelInput, drawn: Batch | None, loss: Loss, auxiliary: Any
    ) -> ModelInput:
        """Return the reading at the last point of the ascent."""
        del auxiliary
        if not self.active:
            return model_input
        self._check_one_pass(model)
        if self.site == "middle":
            return self._from_the_middle(model, model_input, values_of(drawn, model_input), loss)
        radii = self.radii(model, model_input)
        delta = self._start(values_of(drawn, model_input), radii)
        for _ in range(self.steps):
            delta.requires_grad_()
            if self.inner_steps > 1:
                delta = self._climbed_inside(model, model_input, delta, radii, loss)
                continue
            (gradient,) = torch.autograd.grad(loss(self.moved(model, model_input, delta)), delta)
            delta = self._climbed(delta, gradient, radii)
        return self.moved(model, model_input, delta)

    def _climbed_inside(
        self, model: TaskModel, model_input: ModelInput, delta: Tensor, radii: Tensor, loss: Loss
    ) -> Tensor:
        """Return the noise after one pass through all layers and the inner steps that reuse its gradient."""
        lowest = LowerLayers(model.encoder, 1)
        with lowest.recorded(lambda states: states):
            value = loss(self.moved(model, model_input, delta))
        gradient, above = torch.autograd.grad(value, (delta, lowest.states))
        delta = self._climbed(delta, gradient, radii)
        return self._inner(model, model_input, delta, radii, above, self.inner_steps - 1)

    def _inner(
        self, model: TaskModel, model_input: ModelInput, delta: Tensor, radii: Tensor, above: Tensor, steps: int
    ) -> Tensor:
        """Return the noise after steps through the lowest layer, with `above` the loss's gradient at its output."""
        embeddings = model.encoder.embed(model_input.inputs.ids).detach()
        for _ in range(steps):
            delta.requires_grad_()
            states = LowerLayers(model.encoder, 1).run(model_input.inputs, embeddings + delta)
            (gradient,) = torch.autograd.grad(states, delta, above)
            delta = self._climbed(delta, gradient, radii)
        return delta

    def _from_the_middle(self, model: TaskModel, model_input: ModelInput, noise: Tensor, loss: Loss) -> ModelInput:
        """Return the reading at the last point of an ascent above half of the layers, which are run once."""
        lower = LowerLayers(model.encoder, max(1, model.encoder.layers // 2))
        found: list[Tensor] = []

        def begun(states: Tensor) -> Tensor:
            found[:] = [self._start(noise, self.radii_of(states, model_input.inputs)).requires_grad_()]
            return states + found[0]

        with lower.recorded(begun):
            value = loss(model_input)
        radii = self.radii_of(lower.states, model_input.inputs)
        delta = found[0]
        for step in range(self.steps):
            if step:
                delta.requires_grad_()
                value = loss(replace(model_input, lower=lower.detached, shift=delta))
            (gradient,) = torch.autograd.grad(value, delta)
            delta = self._climbed(delta, gradient, radii)
        return replace(model_input, lower=lower, shift=delta)

    def run_step(
        self,
        together: FinetuneMethod,
        model: TaskModel,
        batch: LabelledBatch,
        backward: Backward,
        auxiliary: nn.Module | None,
    ) -> Terms | None:
        """Average the gradients of all points, if `update` says so: each pass serves the weights and the ascent."""
        if self.update == "last" or not self.active:
            return None
        if self.site == "middle":
            raise RecipeError(
                'adversarial.update: "accumulate" learns from every pass, and site = "middle" saves passes through the '
                "lower layers; use one of them"
            )
        self._check_one_pass(model)
        model_input = ModelInput(batch.view or batch.inputs)
        radii = self.radii(model, model_input)
        delta = self._start(values_of(together.drawn_by(self, batch), model_input), radii)
        total: dict[str, Tensor] = {}
        for _ in range(self.steps):
            delta.requires_grad_()
            point = (
                self._cut(model, model_input, delta) if self.inner_steps > 1 else self.moved(model, model_input, delta)
            )
            terms = together.terms_of(model, batch, point, auxiliary)
            shares = {name: value / self.steps for name, value in terms.items()}
            backward(shares)
            total = {name: total.get(name, 0) + value.detach() for name, value in shares.items()}
            if self.inner_steps > 1:
                delta = self._learned_below(model, model_input, delta, radii, point)
                continue
            assert delta.grad is not None
            delta = self._climbed(delta, delta.grad, radii)
        return total

    def _cut(self, model: TaskModel, model_input: ModelInput, delta: Tensor) -> ModelInput:
        """Return the reading at a point, with no way for gradients from the lowest layer's output into that layer."""
        lowest = LowerLayers(model.encoder, 1)
        states = lowest.run(model_input.inputs, model.encoder.embed(model_input.inputs.ids) + delta.detach())
        return replace(model_input, lower=lowest.detached, shift=torch.zeros_like(states).requires_grad_())

    def _learned_below(
        self, model: TaskModel, model_input: ModelInput, delta: Tensor, radii: Tensor, point: ModelInput
    ) -> Tensor:
        """Climb by the inner steps, add the gradients of what is below the cut, and return the noise."""
        assert point.shift is not None
        above = point.shift.grad
        assert above is not None
        delta = self._inner(model, model_input, delta.detach(), radii, above, self.inner_steps)
        states = LowerLayers(model.encoder, 1).run(
            model_input.inputs, model.encoder.embed(model_input.inputs.ids) + delta
        )
        if states.requires_grad:  # all below may be frozen
            states.backward(above)  # type: ignore[no-untyped-call]
        return delta

    def _check_one_pass(self, model: TaskModel) -> None:
        if isinstance(model.module, LabelNames) and (self.site == "middle" or self.inner_steps > 1):
            raise RecipeError(
                "adversarial: site = 'middle' and inner_steps keep what layers made of the text, and a head that reads "
                "the labels' names has the encoder read these too; use site = 'embeddings' and inner_steps = 1"
            )

    def _start(self, noise: Tensor, radii: Tensor) -> Tensor:
        return noise * radii if self.start == "uniform" else torch.zeros_like(noise)

    def _climbed(self, delta: Tensor, gradient: Tensor, radii: Tensor) -> Tensor:
        size = 2.5 / (self.steps * self.inner_steps) if self.step_size is None else self.step_size
        return projected(delta.detach() + size * radii * unit(gradient), radii)
