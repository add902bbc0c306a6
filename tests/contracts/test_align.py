"""The contract of an alignment objective, which every file of the registry keeps on every family it can run on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from crosslift.api import registry
from crosslift.errors import CheckpointError
from crosslift.train.loop import join_processes
from crosslift.train.method import Terms
from tests.contracts import pages
from tests.contracts.cases import AlignCase, Checkpoint, align_case, padded
from tests.tiny import BUILDERS, WITHOUT_MASKED_HEAD
from tests.unit.train.launch import two_processes

ALIGN = pages.names("align")
NEEDS_HEAD = "needs a masked-(language-model|LM) head|needs what `mlm` needs"
"""Words of the docstring of an objective that encoders without such a head may refuse."""


def refuses(directory: Path, family: str, name: str) -> bool:
    """Return whether an objective refuses an encoder because nothing could predict its hidden tokens."""
    try:
        align_case(directory, family, name).loss()
    except CheckpointError as error:
        return re.search("mask|sentinel", str(error)) is not None
    return False


@pytest.mark.parametrize("name", ALIGN)
def test_facts_are_filled_in(name: str) -> None:
    entry, method = registry.entries("align")[name], registry.load("align", name)
    assert entry.summary.endswith((".", ";"))
    assert "arXiv" in method.paper
    assert "Paper:" in entry.documentation
    assert all(field.description for field in method.model_fields.values())


@pytest.mark.parametrize("name", ALIGN)
@pytest.mark.parametrize("family", BUILDERS)
def test_objectives_run_on_every_family(checkpoint: Checkpoint, family: str, name: str) -> None:
    if family in WITHOUT_MASKED_HEAD and refuses(checkpoint(family), family, name):
        assert re.search(NEEDS_HEAD, " ".join((registry.load("align", name).__doc__ or "").split()), re.IGNORECASE)
        return
    made = align_case(checkpoint(family), family, name)
    loss = made.loss()
    assert torch.isfinite(loss)
    loss.backward()
    gradient = made.encoder.base.get_input_embeddings().weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0
    if made.auxiliary is not None:
        assert [n for n, p in made.auxiliary.named_parameters() if p.requires_grad and p.grad is None] == []
    longer = made.loss(padded(made.batch, made.encoder))
    torch.testing.assert_close(longer, loss, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ALIGN)
def test_order_of_examples_does_not_matter(checkpoint: Checkpoint, name: str) -> None:
    made = align_case(checkpoint("bert"), "bert", name)
    turned = made.batch.select(torch.arange(len(made.batch)).flip(0))
    torch.testing.assert_close(made.loss(turned), made.loss(), atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("name", ALIGN)
def test_a_step_is_the_loss_and_its_gradients(checkpoint: Checkpoint, name: str) -> None:
    made, stepped = (align_case(checkpoint("bert"), "bert", name) for _ in range(2))
    loss = made.loss()
    loss.backward()

    def backward(terms: Terms) -> None:
        torch.stack(list(terms.values())).sum().backward()

    terms = stepped.method.step(stepped.encoder, stepped.batch, backward, stepped.auxiliary)
    torch.testing.assert_close(torch.stack(list(terms.values())).sum(), loss)
    for one, other in zip(made.encoder.parameters(), stepped.encoder.parameters(), strict=True):
        assert (one.grad is None) == (other.grad is None)
        if one.grad is not None and other.grad is not None:
            torch.testing.assert_close(one.grad, other.grad)
    with torch.no_grad():
        stepped.method.after_step(stepped.encoder, stepped.auxiliary)
    assert torch.isfinite(stepped.loss())


@pytest.mark.parametrize("name", ALIGN)
def test_the_auxiliary_module_can_be_restored(checkpoint: Checkpoint, name: str) -> None:
    first, second = (align_case(checkpoint("bert"), "bert", name) for _ in range(2))
    if first.auxiliary is None or second.auxiliary is None:
        assert first.auxiliary is second.auxiliary is None
        return
    state = first.auxiliary.state_dict()
    assert all(torch.equal(value, second.auxiliary.state_dict()[key]) for key, value in state.items())
    with torch.no_grad():
        for parameter in second.auxiliary.parameters():
            parameter += 1
    second.auxiliary.load_state_dict(state)
    assert torch.equal(first.loss(), second.loss())


@pytest.mark.parametrize("name", ALIGN)
def test_chance_is_in_collate_alone(checkpoint: Checkpoint, name: str) -> None:
    made, again = (align_case(checkpoint("bert"), "bert", name) for _ in range(2))
    assert made.loss() == made.loss() == again.loss()


@pytest.mark.parametrize("name", ALIGN)
def test_parts_add_up_to_the_whole(checkpoint: Checkpoint, name: str) -> None:
    made = align_case(checkpoint("bert"), "bert", name)
    if not made.method.splittable:
        pytest.skip("is never split")
    parts = [made.batch.select(torch.tensor(rows)) for rows in ([0], [1, 2, 3])]
    num_targets, whole = [made.method.num_targets(part) for part in parts], made.method.num_targets(made.batch)
    weighted = sum(made.loss(part) * unit for part, unit in zip(parts, num_targets, strict=True)) / whole
    assert sum(num_targets) == whole
    torch.testing.assert_close(weighted, made.loss(), atol=1e-5, rtol=1e-5)


def gathering() -> list[str]:
    return [name for name in sorted(registry.entries("align")) if registry.load("align", name).gathers]


def gradients(made: AlignCase, rows: slice) -> dict[str, Any]:
    """Return the loss of some rows, weighted by their share of the targets, and its gradients."""
    part = made.batch.select(torch.arange(len(made.batch))[rows])
    loss = made.loss(part) * made.method.num_targets(part) / made.method.num_targets(made.batch)
    loss.backward()
    weights = [*made.encoder.parameters(), *(made.auxiliary.parameters() if made.auxiliary else ())]
    found = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights]
    return {"loss": loss.detach(), "gradients": found}


def contrast_alone(directory: Path, name: str) -> AlignCase:
    """Return the objective without its masked-LM term, a mean over hidden tokens, which differ between processes."""
    without = {"mlm_weight": 0.0} if "mlm_weight" in registry.load("align", name).model_fields else {}
    return align_case(directory, "bert", name, **without)


def half_a_batch(rank: int, directory: Path, folder: Path) -> None:
    join_processes()
    rows = (slice(-1), slice(-1, None))[rank]  # unequal numbers of rows
    found = {name: gradients(contrast_alone(directory, name), rows) for name in gathering()}
    torch.save(found, folder / f"{rank}.pt")


@pytest.mark.slow
def test_two_processes_have_the_gradients_of_one(checkpoint: Checkpoint, tmp_path: Path) -> None:
    two_processes(half_a_batch, checkpoint("bert"), tmp_path)
    halves = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    for name in gathering():
        whole = gradients(contrast_alone(checkpoint("bert"), name), slice(None))
        first, second = (half[name] for half in halves)
        pairs = zip(first["gradients"], second["gradients"], strict=True)
        torch.testing.assert_close(
            [first["loss"] + second["loss"], *(one + other for one, other in pairs)],
            [whole["loss"], *whole["gradients"]],
            atol=2e-6,
            rtol=1e-4,
            msg=lambda text, name=name: f"{name}: {text}",
        )
