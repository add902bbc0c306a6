"""Noise on embeddings: it stays in its ball, off what must not move, and its ascent rises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from crosslift.encoder.heads import TaskModel
from crosslift.finetune._batch import Reading
from crosslift.finetune.adversarial import Adversarial
from crosslift.finetune.random_perturbation import RandomPerturbation
from tests.unit.finetune.cases import batch_of, model_of, together

Checkpoint = Callable[[str], Path]


def delta_of(method: Any, model: TaskModel, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, Reading]:
    """Return what a method adds to a batch, its radii, and the reading."""
    batch = batch_of(method, model, seed=seed)
    reading = Reading(batch.inputs)
    moved = method.perturb(model, reading, batch.drawn[0], lambda r: method._mean(method._pass(model, batch, r)), None)
    clean = model.encoder.embed(batch.inputs.ids)
    delta = moved.shift if method.site == "states" else moved.embeddings - clean
    return delta.detach(), method.radii(model, reading), reading


@pytest.mark.parametrize("site", ["embeddings", "states"])
@pytest.mark.parametrize("made", [RandomPerturbation, Adversarial])
def test_noise_stays_in_its_ball(checkpoint: Checkpoint, made: Any, site: Any) -> None:
    model = model_of(checkpoint("bert"))
    delta, radii, reading = delta_of(made(site=site, radius=0.5), model)
    lengths = delta.norm(dim=-1, keepdim=True)
    assert (lengths <= radii + 1e-5).all()
    assert (lengths[~reading.inputs.special] > 0).all()
    assert (lengths[reading.inputs.special] == 0).all()


def test_the_radius_is_a_share_of_the_mean_norm(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))
    method = RandomPerturbation(radius=0.5)
    reading = Reading(batch_of(method, model).inputs)
    radii = method.radii(model, reading)
    row, words = model.encoder.embed(reading.inputs.ids[0]), ~reading.inputs.special[0]
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
    clean = together(("plain", {})).loss(model, batch_of(together(("plain", {})), model))["task"]

    def apart(radius: float) -> float:
        method = RandomPerturbation(radius=radius)
        with torch.no_grad():
            losses = [method.loss(model, batch_of(method, model, seed=seed))["task"] for seed in range(200)]
        return (torch.stack(losses).mean() - clean).abs().item()

    assert apart(0.01) < 1e-4


def test_the_ascent_rises(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))

    def loss(steps: int, seed: int) -> float:
        method = Adversarial(steps=steps, radius=1.0, start="zero") if steps else together(("plain", {}))
        return method.loss(model, batch_of(method, model, seed=seed))["task"].item()

    assert loss(0, 0) < loss(1, 0) < loss(5, 0)
    noise = RandomPerturbation(radius=1.0)
    assert loss(5, 0) > noise.loss(model, batch_of(noise, model))["task"].item()


def test_in_the_middle_it_rises_too_and_stays_in_its_ball(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint("bert"))
    clean = together(("plain", {}))
    losses = [clean.loss(model, batch_of(clean, model))["task"].item()]
    for steps in (1, 5):
        method = Adversarial(steps=steps, radius=1.0, start="zero", site="middle")
        batch = batch_of(method, model)
        losses.append(method.loss(model, batch)["task"].item())
        reading = method.perturb(model, Reading(batch.inputs), batch.drawn[0], method._mean_loss(model, batch), None)
        assert reading.lower is not None
        assert reading.shift is not None
        radii = method.radii_of(reading.lower.states, batch.inputs)
        assert (reading.shift.norm(dim=-1, keepdim=True) <= radii + 1e-5).all()
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
    fixed = Reading(batch.inputs, embeddings=other.encoder.embed(batch.inputs.ids) + delta)
    together(("plain", {})).terms_of(other, batch, fixed, None)["task"].backward()
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


def test_only_one_method_may_perturb() -> None:
    with pytest.raises(Exception, match=r"finetune\.method\.0 and finetune\.method\.2: both perturb"):
        together(("adversarial", {}), ("plain", {}), ("random_perturbation", {}))
