"""Noise on embeddings: it stays in its ball, off what must not move, and its ascent rises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from crosslift.errors import RecipeError
from crosslift.finetune.adversarial import Adversarial
from crosslift.finetune.bases.batch import ModelInput
from crosslift.finetune.random_perturbation import RandomPerturbation
from crosslift.heads.task_model import TaskModel
from tests.unit.finetune.cases import batch_of, combined, model_for, model_of

Checkpoint = Callable[[str], Path]


def delta_of(method: Any, model: TaskModel, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, ModelInput]:
    """Return what a method adds to a batch, its radii, and the reading."""
    batch = batch_of(method, model, seed=seed)
    model_input = ModelInput(batch.inputs)
    moved = method.perturb(model, model_input, batch.drawn[0], method.mean_loss(model, batch), None)
    clean = model.encoder.embed(batch.inputs.ids)
    delta = moved.shift if method.site == "states" else moved.embeddings - clean
    return delta.detach(), method.radii(model, model_input), model_input


@pytest.mark.parametrize("site", ["embeddings", "states"])
@pytest.mark.parametrize("made", [RandomPerturbation, Adversarial])
def test_noise_stays_in_its_ball(checkpoint: Checkpoint, made: Any, site: Any) -> None:
    model = model_of(checkpoint("bert"))
    delta, radii, model_input = delta_of(made(site=site, radius=0.5), model)
    lengths = delta.norm(dim=-1, keepdim=True)
    assert (lengths <= radii + 1e-5).all()
    assert (lengths[~model_input.inputs.special] > 0).all()
    assert (lengths[model_input.inputs.special] == 0).all()


def test_the_radius_is_a_share_of_the_mean_norm(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))
    method = RandomPerturbation(radius=0.5)
    model_input = ModelInput(batch_of(method, model).inputs)
    radii = method.radii(model, model_input)
    row, words = model.encoder.embed(model_input.inputs.ids[0]), ~model_input.inputs.special[0]
    expected = 0.5 * row[words].norm(dim=-1).mean()
    torch.testing.assert_close(radii[0][words], expected.expand(int(words.sum()), 1).detach())


def test_normal_noise_has_the_radius_as_root_mean_square(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))
    drawn = [delta_of(RandomPerturbation(noise="normal", radius=0.3), model, seed) for seed in range(20)]
    ratios = torch.cat([(delta.norm(dim=-1) / radii[..., 0])[~r.inputs.special] for delta, radii, r in drawn])
    assert ratios.square().mean().sqrt() == pytest.approx(1, abs=0.03)


def test_small_noise_averages_out(checkpoint: Checkpoint) -> None:
    """The mean loss over many draws is the clean one, to second order in the radius."""
    model = model_of(checkpoint("bert"))
    clean = combined(("plain", {})).loss(model, batch_of(combined(("plain", {})), model))["task"]

    def change(radius: float) -> float:
        method = RandomPerturbation(radius=radius)
        with torch.no_grad():
            losses = [method.loss(model, batch_of(method, model, seed=seed))["task"] for seed in range(200)]
        return (torch.stack(losses).mean() - clean).abs().item()

    assert change(0.01) < 1e-4


def test_the_ascent_rises(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))

    def loss(steps: int, seed: int) -> float:
        method = Adversarial(steps=steps, radius=1.0, start="zero") if steps else combined(("plain", {}))
        return method.loss(model, batch_of(method, model, seed=seed))["task"].item()

    assert loss(0, 0) < loss(1, 0) < loss(5, 0)
    noise = RandomPerturbation(radius=1.0)
    assert loss(5, 0) > noise.loss(model, batch_of(noise, model))["task"].item()


def test_in_the_middle_it_rises_too_and_stays_in_its_ball(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))
    clean = combined(("plain", {}))
    losses = [clean.loss(model, batch_of(clean, model))["task"].item()]
    for steps in (1, 5):
        method = Adversarial(steps=steps, radius=1.0, start="zero", site="middle")
        batch = batch_of(method, model)
        losses.append(method.loss(model, batch)["task"].item())
        model_input = method.perturb(
            model, ModelInput(batch.inputs), batch.drawn[0], method.mean_loss(model, batch), None
        )
        assert model_input.lower is not None
        assert model_input.shift is not None
        radii = method.radii_of(model_input.lower.states, batch.inputs)
        assert (model_input.shift.norm(dim=-1, keepdim=True) <= radii + 1e-5).all()
    assert losses[0] < losses[1] < losses[2]


def test_every_weight_learns_from_the_middle(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))
    method = Adversarial(site="middle", steps=2)
    method.loss(model, batch_of(method, model))["task"].backward()
    assert all(p.grad is not None for name, p in model.module.named_parameters() if "position" not in name)


def test_weights_learn_from_the_last_pass_alone(checkpoint: Checkpoint) -> None:
    """The gradient is that of the loss at the point found, which is held fixed."""
    method = Adversarial(radius=1.0)
    model, other = model_of(checkpoint("bert")), model_of(checkpoint("bert"))
    batch = batch_of(method, model)
    method.loss(model, batch)["task"].backward()
    delta, _, _ = delta_of(method, other)
    fixed = ModelInput(batch.inputs, embeddings=other.encoder.embed(batch.inputs.ids) + delta)
    combined(("plain", {})).terms_of(other, batch, fixed, None)["task"].backward()
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one.grad, two.grad, atol=1e-6, rtol=1e-4)


def test_accumulated_gradients_are_the_mean_over_the_points(checkpoint: Checkpoint) -> None:
    free = Adversarial(radius=1.0, steps=3, update="accumulate", step_size=0.5)
    model = model_of(checkpoint("bert"))
    batch = batch_of(free, model)
    terms = free.step(model, batch, lambda terms: torch.stack(list(terms.values())).sum().backward())
    found = [parameter.grad.clone() for parameter in model.parameters()]
    expected = [torch.zeros_like(gradient) for gradient in found]
    losses = []
    for steps in (0, 1, 2):
        at = Adversarial(radius=1.0, steps=steps, step_size=0.5) if steps else RandomPerturbation(radius=1.0)
        model.module.zero_grad()
        loss = at.loss(model, replace(batch))["task"]
        loss.backward()
        losses.append(loss.item())
        for total, parameter in zip(expected, model.parameters(), strict=True):
            total += parameter.grad / 3
    assert terms["task"].item() == pytest.approx(sum(losses) / 3, abs=1e-5)
    for one, two in zip(found, expected, strict=True):
        torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-3)


def stepped(method: Any, directory: Path) -> tuple[TaskModel, dict[str, torch.Tensor], Any]:
    """Return a model, the gradients of one step, and its terms."""
    model = model_of(directory)
    batch = batch_of(method, model)
    terms = method.step(model, batch, lambda terms: torch.stack(list(terms.values())).sum().backward())
    return model, {n: p.grad for n, p in model.module.named_parameters() if p.grad is not None}, terms


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("family", ["bert", "deberta-v3", "modernbert", "mt5", "nllb"])
def test_reused_gradients_are_the_whole_ones_where_nothing_moves(
    checkpoint: Checkpoint, family: str, steps: int
) -> None:
    still = {"steps": steps, "start": "zero", "step_size": 1e-9, "update": "accumulate"}
    _, found, terms = stepped(Adversarial(**still, inner_steps=3), checkpoint(family))
    _, expected, plain = stepped(combined(("plain", {})), checkpoint(family))
    torch.testing.assert_close(sum(terms.values()), plain["task"].detach(), atol=1e-5, rtol=1e-5)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-5, rtol=1e-3)


def test_upper_layers_learn_from_the_start_and_the_lowest_from_where_the_inner_steps_lead(
    checkpoint: Checkpoint,
) -> None:
    yopo = Adversarial(radius=1.0, steps=1, inner_steps=3, update="accumulate")
    _, found, _ = stepped(yopo, checkpoint("bert"))
    model, at_start, _ = stepped(RandomPerturbation(radius=1.0), checkpoint("bert"))
    below = {name for name in found if ".embeddings." in name or ".layer.0." in name}
    for name, gradient in found.items():
        if name not in below:
            torch.testing.assert_close(gradient, at_start[name], atol=1e-6, rtol=1e-4)
    moved = {name for name in below if not torch.allclose(found[name], at_start[name], atol=1e-4)}
    assert any(".layer.0." in name for name in moved)
    assert any("word_embeddings" in name for name in moved)

    # By hand: the gradient above the lowest layer is taken once, and the ascent goes through that layer only.
    batch = batch_of(yopo, model)
    model_input, drawn = ModelInput(batch.inputs), batch.drawn[0]
    radii, embeddings = yopo.radii(model, model_input), model.encoder.embed(batch.inputs.ids)
    delta = drawn.values * radii  # type: ignore[union-attr]
    layer: Any = model.encoder.base.encoder.layer[0]  # type: ignore[union-attr,index]
    seen: list[torch.Tensor] = []
    handle = layer.register_forward_hook(lambda _m, _a, output: seen.append(output))
    loss = yopo.mean_loss(model, batch)(ModelInput(batch.inputs, embeddings + delta))
    (above,) = torch.autograd.grad(loss, seen[-1])
    for _ in range(3):
        delta.requires_grad_()
        model.encoder.encode(batch.inputs, embeddings.detach() + delta)
        (gradient,) = torch.autograd.grad((seen[-1] * above).sum(), delta)
        step = delta + 2.5 / 3 * radii * gradient / gradient.norm(dim=-1, keepdim=True).clamp(min=1e-12)
        delta = (step * (radii / step.norm(dim=-1, keepdim=True).clamp(min=1e-12)).clamp(max=1)).detach()
    model.module.zero_grad()
    model.encoder.encode(batch.inputs, model.encoder.embed(batch.inputs.ids) + delta)
    (seen[-1] * above).sum().backward()
    handle.remove()
    for name in below:
        torch.testing.assert_close(found[name], model.module.get_parameter(name).grad, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize(("update", "upper", "lowest"), [("accumulate", 2, 2 * (1 + 3 + 1)), ("last", 3, 3 + 2 * 2)])
def test_how_often_a_layer_is_run(checkpoint: Checkpoint, update: Any, upper: int, lowest: int) -> None:
    model = model_of(checkpoint("bert"))
    runs = []
    layers: Any = model.encoder.base.encoder.layer  # type: ignore[union-attr]
    for place in (0, -1):
        layers[place].intermediate.register_forward_hook(lambda *_, place=place: runs.append(place))
    method = Adversarial(steps=2, inner_steps=3, update=update)
    method.step(model, batch_of(method, model), lambda terms: sum(terms.values()).backward())  # type: ignore[union-attr]
    assert (runs.count(-1), runs.count(0)) == (upper, lowest)


def test_inner_steps_rise_and_stay_in_their_ball(checkpoint: Checkpoint) -> None:
    model, losses = model_of(checkpoint("bert")), []
    for inner in (1, 4):
        method = Adversarial(steps=1, inner_steps=inner, radius=1.0, start="zero", step_size=0.2)
        losses.append(method.loss(model, batch_of(method, model))["task"].item())
        delta, radii, model_input = delta_of(method, model)
        assert (delta.norm(dim=-1, keepdim=True) <= radii + 1e-5).all()
        assert (delta[model_input.inputs.special] == 0).all()
    assert losses[0] < losses[1]


def test_inner_steps_need_a_layer_above_the_noise() -> None:
    with pytest.raises(ValueError, match=r"inner_steps = 3 uses the lowest layer, which is below .*'middle'"):
        Adversarial(inner_steps=3, site="middle")


@pytest.mark.parametrize("settings", [{"inner_steps": 2}, {"site": "middle"}])
def test_a_head_that_reads_label_names_passes_the_encoder_twice(
    checkpoint: Checkpoint, settings: dict[str, Any]
) -> None:
    model = model_for(combined(("label_aware_joint", {})), checkpoint("bert"), "sentence")
    method = Adversarial(**settings)
    with pytest.raises(RecipeError, match=r"adversarial: .*a head with label names"):
        method.loss(model, batch_of(method, model))


def test_only_one_method_may_perturb() -> None:
    with pytest.raises(Exception, match=r"finetune\.method\.0 and finetune\.method\.2: both perturb"):
        combined(("adversarial", {}), ("plain", {}), ("random_perturbation", {}))
