from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.nn import functional

from crosslift.align.bases.masked import MaskedBatch, masked_loss, predictions
from crosslift.align.synthetic_adversarial import AdversarialBatch, SyntheticAdversarial
from crosslift.augment.adversary import Adversary
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs
from crosslift.encoder.scratch.tokenizer import word_tokenizer
from crosslift.lab import World
from crosslift.losses import jensen_shannon

SENTENCES = 64


@pytest.fixture(scope="module")
def text() -> list[str]:
    world = World()
    return [line for language in world.languages for line in world.text(language.code, SENTENCES)]


@pytest.fixture
def encoder(text: list[str]) -> Encoder:
    return Encoder.scratch("lab", word_tokenizer(text, 4000, max_length=64), seed=0).eval()


def batch_of(method: SyntheticAdversarial, encoder: Encoder, text: list[str], seed: int = 0) -> AdversarialBatch:
    items = encoder.tokenize_words([line.split()[:12] for line in text[:SENTENCES]], language=World().source.code)
    return method.collate(encoder, items, torch.Generator().manual_seed(seed))


def view_of(method: SyntheticAdversarial, encoder: Encoder, batch: AdversarialBatch) -> Inputs:
    def loss(inputs: Inputs, embeddings: torch.Tensor) -> torch.Tensor:
        return masked_loss(encoder, MaskedBatch(inputs), None, embeddings)

    return Adversary(method, encoder, method.auxiliary_module(encoder).candidates).view(batch.inputs, batch.words, loss)


def row_losses(encoder: Encoder, inputs: Inputs) -> torch.Tensor:
    assert inputs.targets is not None
    with torch.no_grad():
        logits, targets = predictions(encoder, MaskedBatch(inputs))
    losses = functional.cross_entropy(logits, targets, reduction="none")
    rows = torch.nonzero(inputs.targets != IGNORED)[:, 0]
    return torch.zeros(len(inputs)).index_add(0, rows, losses)


def test_nothing_replaced_costs_the_clean_loss_twice(encoder: Encoder, text: list[str]) -> None:
    method = SyntheticAdversarial(replace_share=0.0)
    batch = batch_of(method, encoder, text)
    terms = method.loss(encoder, batch, method.auxiliary_module(encoder))
    assert terms["clean"] == terms["adversarial"] == masked_loss(encoder, batch.hidden)
    assert terms["consistency"].item() == pytest.approx(0, abs=1e-7)


def test_weights_are_factors(encoder: Encoder, text: list[str]) -> None:
    plain = SyntheticAdversarial()
    weighted = SyntheticAdversarial(adversarial_weight=0.5, consistency_weight=3)
    batch, auxiliary = batch_of(plain, encoder, text), plain.auxiliary_module(encoder)
    one, two = (method.loss(encoder, batch, auxiliary) for method in (plain, weighted))
    torch.testing.assert_close(two["adversarial"], one["adversarial"] / 2)
    torch.testing.assert_close(two["consistency"], one["consistency"] * 3)
    assert two["clean"] == one["clean"]


def test_what_is_predicted_never_changes(encoder: Encoder, text: list[str]) -> None:
    method = SyntheticAdversarial(replace_share=1.0, choice="random", mask_probability=0.4)
    batch = batch_of(method, encoder, text)
    view = view_of(method, encoder, batch)
    assert batch.inputs.targets is not None
    assert view.targets is not None
    assert (view.mask.sum(dim=1) == batch.inputs.mask.sum(dim=1)).all()  # a word is one token here
    assert torch.equal(view.targets, batch.inputs.targets)
    hidden = batch.inputs.targets != IGNORED
    assert torch.equal(view.ids[hidden], batch.inputs.ids[hidden])
    assert not torch.equal(view.ids, batch.inputs.ids)


def test_worst_views_raise_the_loss_and_random_ones_less(encoder: Encoder, text: list[str]) -> None:
    batch = batch_of(SyntheticAdversarial(), encoder, text)
    clean = row_losses(encoder, batch.inputs)
    rises: dict[str, torch.Tensor] = {}
    for choice in ("worst", "random"):
        method = SyntheticAdversarial(choice=choice, replace_share=0.3)  # type: ignore[arg-type]
        view = view_of(method, encoder, batch)
        changed = (view.ids != batch.inputs.ids).any(dim=1)
        rises[choice] = (row_losses(encoder, view) - clean)[changed & (clean > 0)]
        assert len(rises[choice]) > SENTENCES / 2
    assert (rises["worst"] >= 0).float().mean() > 0.9
    assert rises["worst"].mean() > 2 * rises["random"].mean().abs()


def test_noise_lowers_the_precision_of_candidates(encoder: Encoder) -> None:
    means = []
    for settings in ({"noise": 0.0}, {"noise": 2.0}, {"noise": 0.0, "mapping_noise": 30.0}, {"candidates": "lexicon"}):
        precision = SyntheticAdversarial(**settings).auxiliary_module(encoder).candidates.precision  # type: ignore[arg-type]
        means.append(sum(precision.values()) / len(precision))
    assert means[3] == 1.0 >= means[0] > 0.75 > means[1]
    assert means[0] > means[2]


def test_gradients_reach_the_encoder_and_not_the_table(encoder: Encoder, text: list[str]) -> None:
    method = SyntheticAdversarial()
    batch, auxiliary = batch_of(method, encoder, text), method.auxiliary_module(encoder)
    torch.stack(list(method.loss(encoder, batch, auxiliary).values())).sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())
    assert list(auxiliary.parameters()) == []
    assert {"candidates.table", "candidates.subwords", "candidates.scores"} == set(auxiliary.state_dict())


def test_a_row_does_not_depend_on_the_others(encoder: Encoder, text: list[str]) -> None:
    method: Any = SyntheticAdversarial()
    batch = batch_of(method, encoder, text)
    whole = view_of(method, encoder, batch)
    half = view_of(method, encoder, batch.select(torch.arange(SENTENCES // 2, SENTENCES)))
    length = half.ids.shape[1]
    assert torch.equal(whole.ids[SENTENCES // 2 :, :length], half.ids)


def test_jensen_shannon_lies_between_zero_and_log_two() -> None:
    logits = torch.tensor([[30.0, 0.0, 0.0], [1.0, 2.0, 3.0]])
    assert jensen_shannon(logits, logits).item() == pytest.approx(0, abs=1e-6)
    opposite = torch.tensor([[0.0, 30.0, 0.0]])
    assert jensen_shannon(logits[:1], opposite).item() == pytest.approx(math.log(2), abs=1e-5)
    p, q = (torch.softmax(side, dim=-1) for side in (logits, logits.flip(1)))
    middle = (p + q) / 2
    expected = ((p * (p / middle).log()).sum() + (q * (q / middle).log()).sum()) / 2
    torch.testing.assert_close(jensen_shannon(logits, logits.flip(1)), expected)
