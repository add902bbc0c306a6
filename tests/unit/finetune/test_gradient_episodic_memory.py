"""A step never goes against the memory: the projected gradient is the nearest one that does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError, DataError
from crosslift.finetune.gradient_episodic_memory import GradientEpisodicMemory, dual, project
from crosslift.losses import info_nce
from tests.tiny import TEXTS
from tests.unit.finetune.cases import combined, items_of, model_of, trained

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


@pytest.mark.parametrize("seed", range(8))
def test_against_two_memories_the_nearest_gradient_is_found(seed: int) -> None:
    """Compared with the best of a fine grid of factors, and held to both constraints."""
    generator = torch.Generator().manual_seed(seed)
    task, first, second = (torch.randn(3, generator=generator, dtype=torch.float64) for _ in range(3))
    found = [task.clone()]
    project(found, [first], [second])
    assert min(float(found[0] @ first), float(found[0] @ second)) > -1e-9
    if min(float(task @ first), float(task @ second)) >= 0:
        assert torch.equal(found[0], task)
    grid = torch.linspace(0, 4, 401, dtype=torch.float64)
    candidates = task + grid[:, None, None] * first + grid[None, :, None] * second
    allowed = (candidates @ first >= 0) & (candidates @ second >= 0)
    distances = (candidates - task).norm(dim=-1)[allowed]
    assert float((found[0] - task).norm()) <= float(distances.min()) + 1e-9


def test_memories_that_are_one_count_once() -> None:
    gram, products = np.array([[2.0, 2.0], [2.0, 2.0]]), np.array([-1.0, -1.0])
    assert sum(dual(gram, products)) == pytest.approx(0.5)
    assert dual(np.zeros((1, 1)), np.zeros(1)) == [0.0]


def pairs(folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    rows = "".join(f"{TEXTS[place]}\t{TEXTS[place + 2]}\n" for place in range(4))
    (folder / "de.tsv").write_text(rows, encoding="utf-8")
    return str(folder)


def test_a_step_keeps_retrieval_too(checkpoint: Checkpoint, tmp_path: Path) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    settings = {"memory": texts(tmp_path / "text"), "pairs": pairs(tmp_path / "pairs"), "pairs_size": 3}
    method = combined(("gradient_episodic_memory", settings))
    plain = combined(("plain", {}))
    part = method.parts[0]
    assert isinstance(part, GradientEpisodicMemory)
    assert len(part.files()) == 2
    before = []
    for seed in range(6):
        model, other = model_of(checkpoint("bert")), model_of(checkpoint("bert"))
        method.begin(encoder, items_of(model), {})
        batch = method.collate(model, items_of(model), torch.Generator().manual_seed(seed))
        memory = batch.drawn[0]
        assert len(memory.source) == len(memory.target) == 3

        def backward(terms: dict[str, torch.Tensor]) -> None:
            torch.stack(list(terms.values())).sum().backward()

        terms = method.step(model, batch, backward)
        plain.step(other, plain.collate(other, items_of(other), torch.Generator()), backward)
        first, second = (other.encoder.pool(other.encoder.encode(x), x) for x in (memory.source, memory.target))
        losses = {
            "memory": part.memory_loss(other, memory.inputs),
            "retrieval": info_nce(first, second, temperature=0.05),
        }
        names = [name for name, p in other.module.named_parameters() if p.grad is not None]
        own, found = dict(other.module.named_parameters()), dict(model.module.named_parameters())
        for name, loss in losses.items():
            assert terms[name] == pytest.approx(loss.item(), abs=1e-5)
            gradients = torch.autograd.grad(loss, [own[key] for key in names], allow_unused=True)
            known = [(key, m) for key, m in zip(names, gradients, strict=True) if m is not None]
            before.append(sum(float((m * own[key].grad).sum()) for key, m in known))
            assert sum(float((m * found[key].grad).sum()) for key, m in known) > -1e-6
    assert min(before) < -1e-3


def test_a_step_is_the_nearest_that_keeps_the_memory(checkpoint: Checkpoint, tmp_path: Path) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    plain = combined(("plain", {}))
    method = combined(("gradient_episodic_memory", {"memory": texts(tmp_path / "text"), "memory_size": 4}))
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
        loss = part.memory_loss(other, batch.drawn[0].inputs)
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
    with pytest.raises(DataError, match=r"has no file \{language\}\.txt"):
        GradientEpisodicMemory(memory=str(tmp_path)).begin(encoder, [], {})
    with pytest.raises(DataError, match=r"has no fr\.txt \(available: de, en\)"):
        GradientEpisodicMemory(memory=texts(tmp_path / "text"), languages=("en", "fr")).begin(encoder, [], {})
    with pytest.raises(DataError, match=r"memory.pairs: .* has no file \{language\}\.tsv"):
        GradientEpisodicMemory(memory=texts(tmp_path / "text"), pairs=str(tmp_path / "text")).begin(encoder, [], {})
    with pytest.raises(CheckpointError, match="has no masked-LM head"):
        GradientEpisodicMemory().begin(Encoder.load(checkpoint("nllb")), [], {})
