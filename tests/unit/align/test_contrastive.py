"""Gradient caching, duplicates and negatives of other processes, for all objectives that share them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from crosslift.align.bases.contrastive import candidates, duplicates, identity, summed_layers
from crosslift.align.hybrid_batch import HybridBatch
from crosslift.align.labse import Labse
from crosslift.align.ml_ctl import MlCtl
from crosslift.align.sentence_contrastive import SentenceContrastive
from crosslift.align.xlco import Xlco
from crosslift.encoder.encoder import Encoder
from crosslift.errors import RecipeError
from crosslift.train.loop import join_processes
from crosslift.train.method import Method
from tests.unit.align.contrastive import batch_of, count_passes, extra_of, pairs, terms_of, total, trained
from tests.unit.train.launch import two_processes

Checkpoint = Callable[[str], Path]
MAKERS: dict[str, Callable[..., Method]] = {
    "sentence_contrastive": SentenceContrastive,
    "info-snt": lambda **more: SentenceContrastive(
        layers=(1, -1), projection=True, mlm_weight=0.1, same_language_negatives=True, mask_duplicates=True, **more
    ),
    "masked inputs": lambda **more: SentenceContrastive(
        loss="cz_nce", mlm_weight=0.1, mask_contrastive_inputs=True, **more
    ),
    "labse": Labse,
    "ml_ctl": MlCtl,
    "hybrid_batch": HybridBatch,
    "xlco": lambda **more: Xlco(queue_size=16, mixup=False, **more),
}
GATHERING: dict[str, Method] = {
    "cz_nce": SentenceContrastive(
        loss="cz_nce", chunk_size=2, projection=True, same_language_negatives=True, mask_duplicates=True
    ),
    "labse": Labse(chunk_size=2),
    "hybrid_batch": HybridBatch(mask_duplicates=True),
    "ml_ctl": MlCtl(mlm_weight=0),
    "xlco": Xlco(queue_size=16, mixup=False, chunk_size=4),
}
every_method = pytest.mark.parametrize("name", MAKERS)


@pytest.fixture
def encoder(checkpoint: Checkpoint) -> Encoder:
    return Encoder.load(checkpoint("bert"))


def with_dropout(encoder: Encoder) -> Encoder:
    assert any(module.p > 0 for module in encoder.model.modules() if isinstance(module, torch.nn.Dropout))
    return encoder.train()


@every_method
@pytest.mark.parametrize("chunk_size", [1, 3, 7])
def test_cached_gradients_are_the_direct_ones_with_dropout(encoder: Encoder, name: str, chunk_size: int) -> None:
    with_dropout(encoder).model.double()
    method = MAKERS[name](chunk_size=chunk_size)
    batch = batch_of(method, encoder)
    terms, gradients = trained(method, encoder, batch, scale=0.7)
    direct_terms, direct = trained(method, encoder, batch, direct=True, scale=0.7)
    torch.testing.assert_close(terms, direct_terms, atol=1e-12, rtol=1e-10)
    torch.testing.assert_close(gradients, direct, atol=1e-12, rtol=1e-9)
    assert any(gradient.abs().sum() > 0 for gradient in gradients.values())


@every_method
def test_chunks_are_no_matter_without_dropout(encoder: Encoder, name: str) -> None:
    encoder.eval().model.double()
    batch = batch_of(MAKERS[name](), encoder)
    found = [trained(MAKERS[name](chunk_size=size), encoder, batch) for size in (None, 3)]
    # The masked-LM loss is in fp32 whatever the model is.
    torch.testing.assert_close(found[1], found[0], atol=1e-6, rtol=1e-6)


@every_method
def test_cached_gradients_under_autocast(encoder: Encoder, name: str) -> None:
    """Autocast keeps casts of weights; one made without a graph must not swallow the gradient (before torch 2.10)."""
    method = MAKERS[name](chunk_size=3)
    batch = batch_of(method, with_dropout(encoder))
    with torch.autocast("cpu", torch.bfloat16):
        _, gradients = trained(method, encoder, batch)
        _, direct = trained(method, encoder, batch, direct=True)
    assert gradients.keys() == direct.keys()
    for key, gradient in gradients.items():
        # Chunks round otherwise, and by how much is the processor's: 2 to 4 %.  A lost gradient is off by all of it.
        assert (gradient - direct[key]).norm() <= 0.1 * direct[key].norm() + 1e-3, key


@every_method
def test_no_more_than_a_chunk_has_a_graph(encoder: Encoder, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    method = MAKERS[name](chunk_size=3)
    passes = count_passes(encoder, monkeypatch)
    trained(method, encoder, batch_of(method, encoder))
    assert max(rows for rows, _ in passes) <= 3
    assert {graph for _, graph in passes} == {True, False}


def test_a_batch_of_one_chunk_is_embedded_once(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = count_passes(encoder, monkeypatch)
    trained(Labse(chunk_size=8), encoder, batch_of(Labse(), encoder))
    assert passes == [(8, True), (8, True)]


def test_dropout_differs_between_chunks_and_leaves_the_generator_alone(encoder: Encoder) -> None:
    method = Labse(chunk_size=1)
    same = [pairs(encoder)[0]] * 4
    batch = method.collate(with_dropout(encoder), same, torch.Generator())
    seen: list[Any] = []

    class Spy(Labse):
        def contrast(self, model: Encoder, vectors: Any, batch: Any, auxiliary: Any) -> Any:
            seen.append(vectors)
            return super().contrast(model, vectors, batch, auxiliary)

    torch.manual_seed(0)
    Spy(chunk_size=1).step(encoder, batch, lambda terms: total(terms).backward())
    (source, _), after = seen[0], torch.rand(3)
    assert len({tuple(row) for row in source.tolist()}) == 4
    torch.manual_seed(0)
    torch.randint(2**62, (4,)), torch.randint(2**62, (4,))
    assert torch.equal(after, torch.rand(3))


def test_pairs_with_a_sentence_in_common_are_counted_and_left_out(encoder: Encoder) -> None:
    items = pairs(encoder)
    own = identity(items)
    shared = duplicates(own, own)
    assert shared.diagonal().all()
    assert (shared.sum() - len(items)).item() == 2  # the fourth and the last pair, each way
    assert shared[3, 7]
    assert shared[7, 3]
    kept, left_out = (
        terms_of(method, encoder.eval(), method.collate(encoder, items, torch.Generator()))["labse"]
        for method in (Labse(), Labse(mask_duplicates=True))
    )
    assert left_out < kept


def test_a_layer_the_encoder_lacks_is_named(encoder: Encoder) -> None:
    inputs = batch_of(Labse(), encoder).source  # type: ignore[attr-defined]
    with pytest.raises(RecipeError, match=r"no layer 12 .* to 3,"):
        summed_layers(encoder, inputs, (1, 12))


def process(rank: int, checkpoint: Path, folder: Path) -> None:
    join_processes()
    torch.save({name: share_of_a_step(name, checkpoint, rank) for name in GATHERING}, folder / f"{rank}.pt")


def share_of_a_step(name: str, checkpoint: Path, rank: int | None) -> dict[str, torch.Tensor]:
    """Return the gradients of a process's rows, weighted as the loop weights them."""
    encoder = Encoder.load(checkpoint).eval()
    encoder.model.double()
    method = GATHERING[name]
    whole = batch_of(method, encoder)
    rows = torch.arange(8) if rank is None else torch.arange(8)[slice(*((0, 5), (5, 8))[rank])]
    _, gradients = trained(method, encoder, whole.select(rows), scale=len(rows) / 8)
    return gradients


@pytest.mark.slow
def test_two_processes_take_the_step_of_one(checkpoint: Checkpoint, tmp_path: Path) -> None:
    two_processes(process, checkpoint("bert"), tmp_path)
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    for name, gradients in first.items():
        together = {key: gradients[key] + second[name][key] for key in gradients}
        alone = share_of_a_step(name, checkpoint("bert"), None)
        torch.testing.assert_close(together, alone, atol=1e-10, rtol=1e-8, msg=name)


def test_alone_a_batch_is_its_own_pool(encoder: Encoder) -> None:
    source, target = torch.randn(2, 4, 3)
    compared = candidates(source, target, None)
    assert compared == {"pool": (source, target), "start": 0, "excluded": None}


def test_extras_are_drawn_from_torchs_generator(encoder: Encoder) -> None:
    first, again, other = (extra_of(MlCtl(), encoder, seed) for seed in (1, 1, 2))
    assert first is not None
    assert again is not None
    assert other is not None
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in first.state_dict().items())
    assert not torch.equal(first.state_dict()["0.weight"], other.state_dict()["0.weight"])
