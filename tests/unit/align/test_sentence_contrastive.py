from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from crosslift.align.bases.masked import MaskedBatch, masked_loss
from crosslift.align.sentence_contrastive import Projection, SentenceContrastive
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, TokenPair
from crosslift.errors import CheckpointError
from crosslift.losses import cz_nce, info_nce
from tests.tiny import TEXTS
from tests.unit.align.contrastive import batch_of, count_passes, extra_of, terms_of
from tests.unit.align.linked import generator


@pytest.fixture
def encoder(checkpoint: Callable[[str], Path]) -> Encoder:
    return Encoder.load(checkpoint("bert")).eval()


@pytest.mark.parametrize("layers", [(-1,), (0,), (1, -1)])
def test_vectors_are_means_of_the_layers_added_up(encoder: Encoder, layers: tuple[int, ...]) -> None:
    method = SentenceContrastive(layers=layers, temperature=0.2)
    batch = batch_of(method, encoder)
    sides = []
    for inputs in (batch.source, batch.target):  # type: ignore[attr-defined]
        summed = sum(encoder.hidden_states(inputs)[layer] for layer in layers)
        assert isinstance(summed, torch.Tensor)
        sides.append((summed * inputs.mask[..., None]).sum(1) / inputs.mask.sum(1, keepdim=True))
    expected = info_nce(*sides, temperature=0.2)
    torch.testing.assert_close(method.loss(encoder, batch)["sentence_contrastive"], expected)


def test_order_of_pairs_is_no_matter(encoder: Encoder) -> None:
    tokens = encoder.tokenize(TEXTS[:6])
    pairs = [TokenPair(*pair) for pair in zip(tokens[:3], tokens[3:], strict=True)]
    method = SentenceContrastive()
    first, second = (
        method.loss(encoder, method.collate(encoder, order, torch.Generator()))["sentence_contrastive"]
        for order in (pairs, pairs[::-1])
    )
    torch.testing.assert_close(first, second)


@pytest.mark.parametrize("name", ["info_nce", "cz_nce"])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("same", [True, False])
def test_settings_reach_the_loss(encoder: Encoder, name: Any, symmetric: bool, same: bool) -> None:
    method = SentenceContrastive(loss=name, symmetric=symmetric, same_language_negatives=same)
    batch = batch_of(method, encoder)
    vectors = [encoder.pool(encoder.encode(side), side) for side in (batch.source, batch.target)]  # type: ignore[attr-defined]
    loss = {"info_nce": info_nce, "cz_nce": cz_nce}[name]
    expected = loss(*vectors, symmetric=symmetric, same_language_negatives=same)
    torch.testing.assert_close(terms_of(method, encoder, batch), {"sentence_contrastive": expected})


def test_the_projection_is_applied_and_trained(encoder: Encoder) -> None:
    method = SentenceContrastive(projection=True)
    batch, auxiliary = batch_of(method, encoder), extra_of(method, encoder)
    assert isinstance(auxiliary, Projection)
    assert [layer.weight.shape for layer in auxiliary if isinstance(layer, nn.Linear)] == [(32, 32), (32, 32)]
    vectors = [auxiliary(encoder.pool(encoder.encode(side), side)) for side in (batch.source, batch.target)]  # type: ignore[attr-defined]
    found = terms_of(method, encoder, batch, auxiliary)["sentence_contrastive"]
    torch.testing.assert_close(found, info_nce(*vectors))
    found.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in auxiliary.parameters())
    assert SentenceContrastive().auxiliary_module(encoder) is None


@pytest.mark.parametrize("masked", [False, True])
def test_the_mlm_term_is_half_of_each_side(encoder: Encoder, masked: bool) -> None:
    method = SentenceContrastive(mlm_weight=0.1, mask_probability=0.4, mask_contrastive_inputs=masked)
    batch = batch_of(method, encoder)
    hidden = (batch.source, batch.target) if masked else (batch.masked_source, batch.masked_target)  # type: ignore[attr-defined]
    losses = [masked_loss(encoder, MaskedBatch(side)) for side in hidden]
    torch.testing.assert_close(terms_of(method, encoder, batch)["mlm"], 0.1 * (losses[0] + losses[1]) / 2)


def test_the_contrast_reads_clean_words_unless_told_otherwise(encoder: Encoder) -> None:
    plain = batch_of(SentenceContrastive(), encoder)
    clean = batch_of(SentenceContrastive(mlm_weight=0.1), encoder)
    masked = batch_of(SentenceContrastive(mlm_weight=0.1, mask_contrastive_inputs=True), encoder)
    assert torch.equal(clean.source.ids, plain.source.ids)  # type: ignore[attr-defined]
    assert not torch.equal(masked.source.ids, plain.source.ids)  # type: ignore[attr-defined]
    assert torch.equal(masked.source.ids, clean.masked_source.ids)  # type: ignore[attr-defined]
    restored = torch.where(masked.source.targets == IGNORED, masked.source.ids, masked.source.targets)  # type: ignore[attr-defined]
    assert torch.equal(restored, plain.source.ids)  # type: ignore[attr-defined]
    found = terms_of(SentenceContrastive(mlm_weight=0.1), encoder, clean)["sentence_contrastive"]
    torch.testing.assert_close(found, terms_of(SentenceContrastive(), encoder, plain)["sentence_contrastive"])


def test_masked_inputs_serve_both_terms_in_one_pass(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = count_passes(encoder, monkeypatch)
    for settings, expected in (
        ({}, 2),
        ({"mlm_weight": 0.1}, 4),
        ({"mlm_weight": 0.1, "mask_contrastive_inputs": True}, 2),
    ):
        method = SentenceContrastive(**settings)  # type: ignore[arg-type]
        passes.clear()
        terms_of(method, encoder, batch_of(method, encoder))
        assert len(passes) == expected


def test_an_encoder_without_a_masked_head_is_told_what_to_set(checkpoint: Callable[[str], Path]) -> None:
    encoder = Encoder.load(checkpoint("t5"))
    method = SentenceContrastive(mlm_weight=0.1)
    with pytest.raises(CheckpointError, match=r"masked-LM head.*mlm_weight = 0"):
        method.collate(encoder, [], generator())
