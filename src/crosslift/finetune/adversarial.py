"""Adversarial training: the task is learned from the worst embeddings within a ball around each token.

``min over theta of max over |delta_t| <= radius of CE(f(e + delta), y)``, with the maximum found by projected gradient
ascent.  The passes of the ascent compute gradients at the embeddings only, not at the weights.  The paper states no
norm, radius or number of steps; radius, `steps` and the default step size are our choice.

``site = "middle"`` moves the states after half of the layers, so the lower half runs once per step for any number of
ascent steps.  ``update = "accumulate"`` is FreeLB: the weight gradients of all ascent steps are averaged, so no pass is
spent on the ascent alone.  One ascent step from the centre of the ball (``steps = 1``, ``start = "zero"``) is the fast
gradient method.

With `inner_steps` most of the ascent goes through the lowest layer only (YOPO), reusing the gradient of the loss at its
output while the noise moves.  With ``update = "accumulate"`` the upper layers then run once for each of `steps`; they
learn from the point before the inner steps, and the lowest layer from the point after them.
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
    """Cross-entropy at the worst point of a ball.  Equal to plain fine-tuning at radius 0 or with no steps."""

    paper: ClassVar[str] = "Huang et al. 2021, arXiv 2104.08645"

    radius: float = Field(  # a tenth of that of random noise: from 0.03 on, the lab's encoder learns nothing
        0.01,
        ge=0,
        description="radius of the ball around a token, relative to the mean norm of the sentence's embeddings",
    )
    steps: int = Field(3, ge=0, description="steps of gradient ascent")
    inner_steps: int = Field(
        1,
        ge=1,
        description="ascent steps for each of `steps`: the first goes through all layers, the others through the "
        "lowest layer only, reusing the gradient above it (YOPO)",
    )
    step_size: float | None = Field(
        None, gt=0, description="size of a step relative to the radius; none: 2.5 / (steps * inner_steps)"
    )
    start: Literal["uniform", "zero"] = Field("uniform", description="a random point of the ball, or its centre")
    site: Literal["embeddings", "middle", "states"] = Field(  # type: ignore[assignment]  # one site more
        "embeddings",
        description="word embeddings, before positions and normalisation; the states after half of the layers, which "
        "is cheaper; or the states of the last layer, the input of the head",
    )
    update: Literal["last", "accumulate"] = Field(
        "last", description="weights learn from the last point, or from the mean over all points of the ascent (FreeLB)"
    )

    @model_validator(mode="after")
    def _lowest_layer_above_the_noise(self) -> Self:
        if self.inner_steps > 1 and self.site != "embeddings":
            raise ValueError(
                f"inner_steps = {self.inner_steps} uses the lowest layer, which is below the noise of site = "
                f"'{self.site}'; expected inner_steps = 1, or site = 'embeddings'"
            )
        return self

    @property
    def active(self) -> bool:
        """Whether there is an ascent."""
        return bool(self.radius and self.steps)

    def perturb(
        self, model: TaskModel, model_input: ModelInput, drawn: Batch | None, loss: Loss, auxiliary: Any
    ) -> ModelInput:
        """Return the input at the last point of the ascent."""
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
                delta = self._ascended_inside(model, model_input, delta, radii, loss)
                continue
            (gradient,) = torch.autograd.grad(loss(self.moved(model, model_input, delta)), delta)
            delta = self._ascended(delta, gradient, radii)
        return self.moved(model, model_input, delta)

    def _ascended_inside(
        self, model: TaskModel, model_input: ModelInput, delta: Tensor, radii: Tensor, loss: Loss
    ) -> Tensor:
        """Return the noise after one pass through all layers and the inner steps that reuse its gradient."""
        lowest = LowerLayers(model.encoder, 1)
        with lowest.recorded(lambda states: states):
            value = loss(self.moved(model, model_input, delta))
        gradient, above = torch.autograd.grad(value, (delta, lowest.states))
        delta = self._ascended(delta, gradient, radii)
        return self._inner(model, model_input, delta, radii, above, self.inner_steps - 1)

    def _inner(
        self, model: TaskModel, model_input: ModelInput, delta: Tensor, radii: Tensor, above: Tensor, steps: int
    ) -> Tensor:
        """Return the noise after steps through the lowest layer; `above` is the gradient of the loss at its output."""
        embeddings = model.encoder.embed(model_input.inputs.ids).detach()
        for _ in range(steps):
            delta.requires_grad_()
            states = LowerLayers(model.encoder, 1).run(model_input.inputs, embeddings + delta)
            (gradient,) = torch.autograd.grad(states, delta, above)
            delta = self._ascended(delta, gradient, radii)
        return delta

    def _from_the_middle(self, model: TaskModel, model_input: ModelInput, noise: Tensor, loss: Loss) -> ModelInput:
        """Return the input at the last point of an ascent after half of the layers, which run once."""
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
            delta = self._ascended(delta, gradient, radii)
        return replace(model_input, lower=lower, shift=delta)

    def run_step(
        self,
        combined: FinetuneMethod,
        model: TaskModel,
        batch: LabelledBatch,
        backward: Backward,
        auxiliary: nn.Module | None,
    ) -> Terms | None:
        """Average the gradients of all points if `update` is "accumulate": each pass serves weights and ascent."""
        if self.update == "last" or not self.active:
            return None
        if self.site == "middle":
            raise RecipeError(
                'adversarial.update: "accumulate" needs every pass through the lower layers, which site = "middle" '
                "avoids; use only one of the two"
            )
        self._check_one_pass(model)
        model_input = ModelInput(batch.view or batch.inputs)
        radii = self.radii(model, model_input)
        delta = self._start(values_of(combined.drawn_by(self, batch), model_input), radii)
        total: dict[str, Tensor] = {}
        for _ in range(self.steps):
            delta.requires_grad_()
            point = (
                self._cut(model, model_input, delta) if self.inner_steps > 1 else self.moved(model, model_input, delta)
            )
            terms = combined.terms_of(model, batch, point, auxiliary)
            shares = {name: value / self.steps for name, value in terms.items()}
            backward(shares)
            total = {name: total.get(name, 0) + value.detach() for name, value in shares.items()}
            if self.inner_steps > 1:
                delta = self._learned_below(model, model_input, delta, radii, point)
                continue
            assert delta.grad is not None
            delta = self._ascended(delta, delta.grad, radii)
        return total

    def _cut(self, model: TaskModel, model_input: ModelInput, delta: Tensor) -> ModelInput:
        """Return the input at a point, detached at the output of the lowest layer."""
        lowest = LowerLayers(model.encoder, 1)
        states = lowest.run(model_input.inputs, model.encoder.embed(model_input.inputs.ids) + delta.detach())
        return replace(model_input, lower=lowest.detached, shift=torch.zeros_like(states).requires_grad_())

    def _learned_below(
        self, model: TaskModel, model_input: ModelInput, delta: Tensor, radii: Tensor, point: ModelInput
    ) -> Tensor:
        """Ascend by the inner steps, add the gradients of the lowest layer, and return the noise."""
        assert point.shift is not None
        above = point.shift.grad
        assert above is not None
        delta = self._inner(model, model_input, delta.detach(), radii, above, self.inner_steps)
        states = LowerLayers(model.encoder, 1).run(
            model_input.inputs, model.encoder.embed(model_input.inputs.ids) + delta
        )
        if states.requires_grad:  # the lowest layer may be frozen
            states.backward(above)  # type: ignore[no-untyped-call]
        return delta

    def _check_one_pass(self, model: TaskModel) -> None:
        if isinstance(model.module, LabelNames) and (self.site == "middle" or self.inner_steps > 1):
            raise RecipeError(
                "adversarial: site = 'middle' and inner_steps reuse layer outputs of one input, but a head with label "
                "names runs the encoder on these too; use site = 'embeddings' and inner_steps = 1"
            )

    def _start(self, noise: Tensor, radii: Tensor) -> Tensor:
        return noise * radii if self.start == "uniform" else torch.zeros_like(noise)

    def _ascended(self, delta: Tensor, gradient: Tensor, radii: Tensor) -> Tensor:
        size = 2.5 / (self.steps * self.inner_steps) if self.step_size is None else self.step_size
        return projected(delta.detach() + size * radii * unit(gradient), radii)
