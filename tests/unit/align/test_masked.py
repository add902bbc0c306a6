from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from crosslift.align.bases.masked import MaskedBatch, mask, masked_loss
from crosslift.align.tlm import Tlm
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, TokenPair
from tests.tiny import TEXTS


@pytest.fixture
def encoder(checkpoint: Callable[[str], Path]) -> Encoder:
    return Encoder.load(checkpoint("bert")).eval()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_shares_of_hidden_random_and_kept_tokens(encoder: Encoder) -> None:
    inputs = encoder.collate(encoder.tokenize(TEXTS * 400))
    masked = mask(inputs, encoder, 0.3, all_mask=False, generator=generator())
    assert masked.targets is not None
    chosen = masked.targets != IGNORED
    ordinary = ~inputs.special
    assert not (chosen & inputs.special).any()
    assert (chosen.sum() / ordinary.sum()).item() == pytest.approx(0.3, abs=0.01)
    assert (masked.targets[chosen] == inputs.ids[chosen]).all()
    assert (masked.ids[~chosen] == inputs.ids[~chosen]).all()
    hidden = (masked.ids == encoder.mask_id)[chosen].float().mean().item()
    kept = (masked.ids == inputs.ids)[chosen].float().mean().item()
    assert hidden == pytest.approx(0.8, abs=0.02)
    assert kept == pytest.approx(0.1, abs=0.02)


def test_all_mask_hides_every_chosen_token(encoder: Encoder) -> None:
    inputs = encoder.collate(encoder.tokenize(TEXTS))
    masked = mask(inputs, encoder, 0.5, all_mask=True, generator=generator())
    assert masked.targets is not None
    assert (masked.ids[masked.targets != IGNORED] == encoder.mask_id).all()


def test_loss_equals_the_models_own(encoder: Encoder) -> None:
    masked = mask(encoder.collate(encoder.tokenize(TEXTS)), encoder, 0.4, all_mask=False, generator=generator())
    own = encoder.model(input_ids=masked.ids, attention_mask=masked.mask, labels=masked.targets).loss
    torch.testing.assert_close(masked_loss(encoder, MaskedBatch(masked)), own, atol=1e-5, rtol=1e-5)


def test_nothing_hidden_costs_nothing(encoder: Encoder) -> None:
    inputs = encoder.collate(encoder.tokenize(TEXTS[:1]))
    masked = mask(inputs, encoder, 1e-9, all_mask=False, generator=generator())
    loss = masked_loss(encoder, MaskedBatch(masked))
    assert loss.item() == 0.0
    loss.backward()


def test_tlm_sees_both_sides_in_either_order(encoder: Encoder) -> None:
    source, target = encoder.tokenize(TEXTS[0:1])[0], encoder.tokenize(TEXTS[2:3])[0]
    batch = Tlm().collate(encoder, [TokenPair(source, target)] * 64, generator())
    assert batch.inputs.targets is not None
    original = torch.where(batch.inputs.targets == IGNORED, batch.inputs.ids, batch.inputs.targets)
    both = {tuple(encoder.join(source, target).ids), tuple(encoder.join(target, source).ids)}
    assert {tuple(row) for row in original.tolist()} == both
