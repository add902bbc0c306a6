"""What the encoder writes by itself: foreign tokens in random places, one for one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError
from crosslift.finetune.bases.batch import ModelInput
from crosslift.finetune.bases.self_predictions import SelfPredictor
from crosslift.finetune.embedding_mixup import EmbeddingMixup
from crosslift.finetune.self_augment import SelfAugment
from tests.unit.finetune.cases import combined, items_of, model_of

Checkpoint = Callable[[str], Path]


@pytest.mark.parametrize("task_type", ["pair", "tagging"])
def test_foreign_tokens_take_the_place_of_some(checkpoint: Checkpoint, task_type: str) -> None:
    encoder, model = Encoder.load(checkpoint("bert")), model_of(checkpoint("bert"), task_type)
    items = items_of(model)[:2]
    own = {token for item in items for token in item.tokens.ids}
    method = SelfAugment(share=0.5)
    method.begin(encoder, items, {})
    views = method.rewrite(model, items, torch.Generator().manual_seed(0))
    for item, view in zip(items, views, strict=True):
        changed = [old != new for old, new in zip(item.tokens.ids, view.tokens.ids, strict=True)]
        assert any(changed)
        assert not any(change and special for change, special in zip(changed, item.tokens.special, strict=True))
        new = {token for token, change in zip(view.tokens.ids, changed, strict=True) if change}
        assert not new & own
        assert not new & encoder.special_ids
        assert (view.label, view.tokens.words) == (item.label, item.tokens.words)


def test_answers_are_the_most_probable_foreign_tokens(checkpoint: Checkpoint) -> None:
    encoder, model = Encoder.load(checkpoint("bert")), model_of(checkpoint("bert"))
    items = items_of(model)[:2]
    asked = SelfPredictor(encoder, items).predict(
        [item.tokens for item in items], share=0.4, count=3, generator=torch.Generator().manual_seed(1)
    )
    inputs = encoder.collate([item.tokens for item in items])
    hidden = inputs.with_ids(inputs.ids.masked_fill(asked.chosen, encoder.mask_id))
    logits = encoder.masked_logits(encoder.encode(hidden), asked.chosen).detach()
    logits[:, sorted({token for item in items for token in item.tokens.ids} | encoder.special_ids)] = -torch.inf
    logits[:, len(encoder.tokenizer) :] = -torch.inf
    assert torch.equal(asked.tokens[:, 0], logits.argmax(dim=-1))
    torch.testing.assert_close(asked.shares.sum(dim=-1), torch.ones(len(logits)))


def test_mixing_everything_with_one_token_is_reading_that_token(checkpoint: Checkpoint) -> None:
    encoder, model = Encoder.load(checkpoint("bert")), model_of(checkpoint("bert"))
    items = items_of(model)[:3]
    mixup = EmbeddingMixup(mix=0, candidates=1, share=0.5)
    mixup.begin(encoder, items, {})
    augment = SelfAugment(candidates=1, share=0.5)
    augment.begin(encoder, items, {})
    batch = mixup.collate(model, items, torch.Generator().manual_seed(3))
    model_input = mixup.perturb(model, ModelInput(batch.inputs), batch.drawn[0], lambda _: torch.zeros(()), None)
    views = augment.rewrite(model, items, torch.Generator().manual_seed(3))
    ids = encoder.collate([view.tokens for view in views]).ids
    assert not torch.equal(ids, batch.inputs.ids)
    torch.testing.assert_close(model_input.embeddings, model.encoder.embed(ids), atol=1e-6, rtol=1e-5)


def test_half_a_mixture_is_half_way(checkpoint: Checkpoint) -> None:
    encoder, model = Encoder.load(checkpoint("bert")), model_of(checkpoint("bert"))
    items = items_of(model)[:2]

    def embeddings(mix: float) -> torch.Tensor:
        method = EmbeddingMixup(mix=mix)
        method.begin(encoder, items, {})
        batch = method.collate(model, items, torch.Generator().manual_seed(0))
        found = method.perturb(
            model, ModelInput(batch.inputs), batch.drawn[0], lambda _: torch.zeros(()), None
        ).embeddings
        assert found is not None
        return found

    own = model.encoder.embed(encoder.collate([item.tokens for item in items]).ids)
    torch.testing.assert_close(embeddings(0.5), (own + embeddings(0.0)) / 2, atol=1e-6, rtol=1e-5)


def test_a_view_of_the_encoder_is_added_where_views_are_compared(checkpoint: Checkpoint) -> None:
    encoder, model = Encoder.load(checkpoint("bert")), model_of(checkpoint("bert"))
    method = combined(("self_augment", {}), ("consistency", {}))
    method.begin(encoder, items_of(model)[:2], {})
    batch = method.collate(model, items_of(model)[:2], torch.Generator().manual_seed(0))
    assert batch.view is not None
    assert not torch.equal(batch.view.ids, batch.inputs.ids)
    assert method.loss(model, batch)["consistency"] > 0


def test_data_that_uses_every_token_leaves_nothing_to_ask_for(checkpoint: Checkpoint) -> None:
    encoder, model = Encoder.load(checkpoint("bert")), model_of(checkpoint("bert"))
    item = items_of(model)[0]
    tokens = type(item.tokens)(tuple(range(len(encoder.tokenizer))), special=(False,), segments=(0,))
    from dataclasses import replace

    with pytest.raises(CheckpointError, match="no foreign token is left"):
        SelfPredictor(encoder, [replace(item, tokens=tokens)])
