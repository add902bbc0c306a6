from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from crosslift.align.bases.decoder import Decoder, language_tags
from crosslift.align.translation import Translation, TranslationBatch, target_tokens
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair
from crosslift.errors import RecipeError
from tests.tiny import BUILDERS, LANGUAGE, TEXTS

Checkpoint = Callable[[str], Path]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pairs_of(encoder: Encoder, family: str = "bert") -> list[TokenPair]:
    first, second = LANGUAGE.get(family, ("en", "de"))
    sources = encoder.tokenize(TEXTS[:2], language=first)
    targets = encoder.tokenize(TEXTS[2:4], language=second)
    return [TokenPair(*pair) for pair in zip(sources, targets, strict=True)]


@pytest.fixture
def encoder(checkpoint: Checkpoint) -> Encoder:
    return Encoder.load(checkpoint("bert")).eval()


def decoder_of(encoder: Encoder, **settings: bool | int) -> Decoder:
    torch.manual_seed(0)
    decoder: Decoder = Translation(**settings).auxiliary_module(encoder).eval()  # type: ignore[arg-type]
    return decoder


@pytest.mark.parametrize("family", BUILDERS)
def test_a_target_is_its_words_and_its_end(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    tokens = pairs_of(encoder, family)[0].target
    target = target_tokens(tokens)
    assert target.special == (False,) * (len(target) - 1) + (True,)
    assert [token for token, special in zip(tokens.ids, tokens.special, strict=True) if not special] == list(
        target.ids[:-1]
    )


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("family", BUILDERS)
def test_every_family_translates(checkpoint: Checkpoint, family: str, own: bool) -> None:
    encoder = Encoder.load(checkpoint(family)).eval()
    method, decoder = Translation(own_embedding=own), decoder_of(encoder, own_embedding=own)
    batch = method.collate(encoder, pairs_of(encoder, family), generator())
    loss = method.loss(encoder, batch, decoder)["translation"]
    # the first logits are no larger than they should be, however long the family's embeddings are
    assert loss.item() == pytest.approx(torch.log(torch.tensor(encoder.vocabulary_size)).item(), abs=2.0)
    loss.backward()
    matrix = encoder.base.get_input_embeddings().weight
    assert matrix.grad is not None
    assert all(parameter.grad is not None for parameter in decoder.parameters())


def test_loss_is_the_cross_entropy_of_each_token_given_the_ones_before(encoder: Encoder) -> None:
    method, decoder = Translation(both_directions=False), decoder_of(encoder)
    batch = method.collate(encoder, pairs_of(encoder), generator())
    losses = []
    for row in range(len(batch)):
        target = batch.target.select(slice(row, row + 1))
        source = batch.source.select(slice(row, row + 1))
        states = encoder.encode(source)
        for length in range(1, target.ids.shape[1] + 1):
            shown = replace(target, ids=target.ids[:, :length], mask=target.mask[:, :length])
            logits = decoder(encoder, states, source.mask, batch.tags[row : row + 1], shown)[-1]
            losses.append(functional.cross_entropy(logits, target.ids[0, length - 1]))
    expected = torch.stack(losses).mean()
    torch.testing.assert_close(method.loss(encoder, batch, decoder)["translation"], expected, atol=1e-5, rtol=1e-5)


def changed_logits(
    encoder: Encoder, decoder: Decoder, batch: TranslationBatch, other: TranslationBatch
) -> torch.Tensor:
    first, second = (
        decoder(encoder, encoder.encode(each.source), each.source.mask, each.tags, each.target)
        for each in (batch, other)
    )
    return (first - second).abs().sum(dim=-1) > 1e-6


def test_no_token_sees_a_later_one(encoder: Encoder) -> None:
    decoder = decoder_of(encoder)
    batch = Translation(both_directions=False).collate(encoder, pairs_of(encoder)[:1], generator())
    ids = batch.target.ids.clone()
    ids[0, 3] = ids[0, 3] - 1
    changed = changed_logits(encoder, decoder, batch, replace(batch, target=replace(batch.target, ids=ids)))
    assert not changed[:4].any()
    assert changed[4:].all()


def test_source_and_tag_are_read(encoder: Encoder) -> None:
    decoder = decoder_of(encoder)
    batch = Translation(both_directions=False).collate(encoder, pairs_of(encoder)[:1], generator())
    ids = batch.source.ids.clone()
    ids[0, 2] = ids[0, 2] - 1
    assert changed_logits(encoder, decoder, batch, replace(batch, source=replace(batch.source, ids=ids))).all()
    assert changed_logits(encoder, decoder, batch, replace(batch, tags=language_tags(["fr"]))).all()


def test_every_code_has_a_tag_of_its_own(encoder: Encoder) -> None:
    codes = ["de", "ed", "deu_Latn", "deu_Cyrl", "qaa", "qab", None]
    decoder = decoder_of(encoder)
    vectors = decoder.tags(language_tags(codes)).sum(dim=1)
    assert len({tuple(row.tolist()) for row in vectors}) == len(codes)


def test_either_side_is_read_unless_told_otherwise(encoder: Encoder) -> None:
    pair = pairs_of(encoder)[0]
    batch = Translation().collate(encoder, [pair] * 200, generator())
    turned = (batch.source.ids[:, 1] == pair.target.ids[1]).float().mean().item()
    assert turned == pytest.approx(0.5, abs=0.1)
    batch = Translation(both_directions=False).collate(encoder, [pair] * 20, generator())
    assert (batch.source.ids == torch.tensor(pair.source.ids)).all()


def test_the_heads_must_divide_the_hidden_size(encoder: Encoder) -> None:
    with pytest.raises(RecipeError, match="not divisible by 5 attention heads"):
        Translation(heads=5).auxiliary_module(encoder)


def test_a_few_steps_learn_to_translate(encoder: Encoder) -> None:
    method, decoder, batch_of = Translation(), decoder_of(encoder), pairs_of(encoder)
    optimizer = torch.optim.AdamW([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
    losses = []
    for step in range(25):
        loss = method.loss(encoder, method.collate(encoder, batch_of, generator(step)), decoder)["translation"]
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert sum(losses[-5:]) / 5 < losses[0] / 2
