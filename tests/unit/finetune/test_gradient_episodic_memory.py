"""A step never goes against the memory: the projected gradient is the nearest one that does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError, DataError
from crosslift.finetune.gradient_episodic_memory import GradientEpisodicMemory, project
from tests.tiny import TEXTS
from tests.unit.finetune.cases import items_of, model_of, together, trained

Checkpoint = Callable[[str], Path]


def texts(folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "en.txt").write_text("\n".join(TEXTS[:2]) + "\n", encoding="utf-8")
    (folder / "de.txt").write_text("\n".join(TEXTS[2:4]) + "\n", encoding="utf-8")
    return str(folder)


def test_a_gradient_against_the_memory_is_projected() -> None:
    gradients = [torch.tensor([1.0, 0.0]), torch.tensor([0.0])]
    project(gradients, [torch.tensor([-1.0, 1.0]), None])
    torch.testing.assert_close(gradients, [torch.tensor([0.5, 0.5]), torch.tensor([0.0])])


def test_one_along_it_stays() -> None:
    gradients = [torch.tensor([1.0, 2.0])]
    project(gradients, [torch.tensor([1.0, -0.4])])
    assert torch.equal(gradients[0], torch.tensor([1.0, 2.0]))


def test_a_step_is_the_nearest_that_keeps_the_memory(checkpoint: Checkpoint, tmp_path: Path) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    plain = together(("plain", {}))
    method = together(("gradient_episodic_memory", {"memory": texts(tmp_path / "text"), "memory_size": 4}))
    seen = set()
    for seed in range(12):
        model, other = model_of(checkpoint("bert")), model_of(checkpoint("bert"))
        method.begin(encoder, items_of(model), {})
        batch = method.collate(model, items_of(model), torch.Generator().manual_seed(seed))
        part = method.parts[0]
        assert isinstance(part, GradientEpisodicMemory)

        def backward(terms: dict[str, torch.Tensor]) -> None:
            torch.stack(list(terms.values())).sum().backward()

        terms = method.step(model, batch, backward)
        plain.step(other, plain.collate(other, items_of(other), torch.Generator()), backward)
        loss = part._memory_loss(other, batch.drawn[0].inputs)
        assert terms["memory"] == pytest.approx(loss.item(), abs=1e-5)
        weights = [(name, p) for name, p in other.module.named_parameters() if p.grad is not None]
        memory = torch.autograd.grad(loss, [p for _, p in weights], allow_unused=True)
        found = dict(model.module.named_parameters())
        dot = sum(float((m * p.grad).sum()) for m, (_, p) in zip(memory, weights, strict=True) if m is not None)
        after = sum(
            float((m * found[name].grad).sum()) for m, (name, _) in zip(memory, weights, strict=True) if m is not None
        )
        assert after == pytest.approx(max(dot, 0), abs=1e-4)
        seen.add(dot < 0)
    assert seen == {True, False}


def test_no_memory_is_plain(checkpoint: Checkpoint, tmp_path: Path) -> None:
    plain = trained(checkpoint("bert"), [("plain", {})], tmp_path / "plain")
    off = trained(checkpoint("bert"), [("gradient_episodic_memory", {"memory_size": 0})], tmp_path / "off")
    assert all(torch.equal(value, off[key]) for key, value in plain.items())


def test_what_is_missing_is_named(checkpoint: Checkpoint, tmp_path: Path) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    with pytest.raises(DataError, match=r"holds no \{language\}\.txt"):
        GradientEpisodicMemory(memory=str(tmp_path)).begin(encoder, [], {})
    with pytest.raises(DataError, match=r"has no fr\.txt \(there is: de, en\)"):
        GradientEpisodicMemory(memory=texts(tmp_path / "text"), languages=("en", "fr")).begin(encoder, [], {})
    with pytest.raises(CheckpointError, match="has no masked-LM head"):
        GradientEpisodicMemory().begin(Encoder.load(checkpoint("nllb")), [], {})
