from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest
import torch
import transformers

from crosslift.align.bases.masked import masked_loss
from crosslift.align.bases.span_corruption import SpanBatch, SpanDecoder, corrupt, noise_mask
from crosslift.align.mlm import Mlm
from crosslift.align.tlm import Tlm
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, TokenPair, Tokens
from crosslift.errors import CheckpointError
from tests.tiny import TEXTS, t5

Checkpoint = Callable[[str], Path]
FAMILIES = ("t5", "mt5")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def load(checkpoint: Checkpoint, family: str = "t5") -> Encoder:
    return Encoder.load(checkpoint(family)).eval()


def subwords(encoder: Encoder, ids: torch.Tensor) -> list[str]:
    return [token for token in encoder.tokenizer.convert_ids_to_tokens(ids) if token != "<pad>"]


def restored(encoder: Encoder, batch: SpanBatch, row: int) -> list[str]:
    """Put every span back in the place of its sentinel."""
    inputs, outputs = (subwords(encoder, side.ids[row]) for side in (batch.inputs, batch.outputs))
    assert outputs.pop() == "</s>"
    spans: dict[str, list[str]] = {}
    for token in outputs:
        if token.startswith("<extra_id_"):
            spans[token] = current = []
        else:
            current.append(token)
    return [token for place in inputs for token in spans.get(place, [place])]


@pytest.fixture
def many_sentinels(tmp_path: Path) -> Encoder:
    """A T5 whose tokenizer has room for 12 spans."""
    t5(tmp_path)
    encoder = Encoder.load(tmp_path)
    encoder.tokenizer.add_tokens([f"<extra_id_{number}>" for number in range(1, 12)], special_tokens=True)
    encoder.model.resize_token_embeddings(len(encoder.tokenizer), mean_resizing=False)
    return encoder.eval()


@pytest.mark.parametrize(("length", "probability", "mean"), [(100, 0.15, 3.0), (40, 0.5, 2.0), (7, 0.15, 3.0)])
def test_as_many_tokens_and_spans_are_hidden_as_asked(length: int, probability: float, mean: float) -> None:
    for seed in range(20):
        mask = noise_mask(length, probability, mean, 100, generator(seed))
        runs = [hidden for hidden, _ in groupby(mask)]
        assert len(mask) == length
        assert sum(mask) == max(1, round(length * probability))
        assert sum(runs) == max(1, round(sum(mask) / mean))
        assert runs[0] is False
        assert runs[-1] is True  # as in the published code


def test_short_texts_and_few_sentinels() -> None:
    assert noise_mask(0, 0.5, 3, 100, generator()) == []
    assert noise_mask(1, 0.5, 3, 100, generator()) == [False]
    assert noise_mask(2, 0.01, 3, 100, generator()) == [False, True]
    assert noise_mask(2, 1.0, 1, 100, generator()) == [False, True]
    mask = noise_mask(60, 0.5, 1.0, 4, generator())
    assert sum(hidden for hidden, _ in groupby(mask)) == 4


def test_spans_are_not_always_alike() -> None:
    assert len({tuple(noise_mask(30, 0.3, 3.0, 100, generator(seed))) for seed in range(20)}) > 10


def test_nothing_is_lost(many_sentinels: Encoder) -> None:
    rows = many_sentinels.tokenize(TEXTS)
    corrupted, batch = corrupt(many_sentinels, rows, 0.4, 2.0, generator())
    for row, tokens in enumerate(rows):
        assert restored(many_sentinels, batch, row) == many_sentinels.tokenizer.convert_ids_to_tokens(tokens.ids)
        sentinels = [token for token in subwords(many_sentinels, batch.inputs.ids[row]) if token.startswith("<extra")]
        assert sentinels == [f"<extra_id_{number}>" for number in range(len(sentinels))]
        assert len(sentinels) > 2
        assert corrupted[row].ids == tuple(batch.inputs.ids[row][: len(corrupted[row])].tolist())


def test_a_span_does_not_reach_over_a_special_token(many_sentinels: Encoder) -> None:
    first, second = many_sentinels.tokenize(TEXTS[:2])
    rows = [many_sentinels.join(first, second)] * 30
    _, batch = corrupt(many_sentinels, rows, 0.8, 20.0, generator())
    end = many_sentinels.tokenizer.eos_token_id
    assert ((batch.inputs.ids == end).sum(dim=1) == 2).all()
    assert ((batch.outputs.ids == end).sum(dim=1) == 1).all()
    joined = many_sentinels.tokenizer.convert_ids_to_tokens(rows[0].ids)
    assert all(restored(many_sentinels, batch, row) == joined for row in range(30))


def test_words_that_lost_a_subword_are_no_words(many_sentinels: Encoder) -> None:
    tokens = many_sentinels.tokenize_words([TEXTS[0].split()])[0]
    (corrupted,), _ = corrupt(many_sentinels, [tokens], 0.3, 1.0, generator())
    assert tokens.words is not None
    assert corrupted.words is not None
    sizes = {word: tokens.words.count(word) for word in set(tokens.words)}
    left = set(corrupted.words) - {-1}
    assert {word: corrupted.words.count(word) for word in left} == {word: sizes[word] for word in left}
    assert left < set(tokens.words)
    assert all(corrupted.special[place] for place, word in enumerate(corrupted.ids) if word >= 150)  # sentinels


@pytest.mark.parametrize("family", FAMILIES)
def test_loss_equals_the_whole_models_own(checkpoint: Checkpoint, family: str) -> None:
    encoder = load(checkpoint, family)
    decoder = SpanDecoder.of(encoder).eval()
    batch = Mlm(mask_probability=0.3).collate(encoder, encoder.tokenize(TEXTS), generator())
    assert isinstance(batch, SpanBatch)
    config = transformers.AutoConfig.from_pretrained(checkpoint(family))
    config.decoder_start_token_id = 0  # the published checkpoints say so
    whole = transformers.AutoModelForSeq2SeqLM.from_pretrained(checkpoint(family), config=config).eval()
    labels = batch.outputs.ids.masked_fill(batch.outputs.mask == 0, IGNORED)
    own = whole(input_ids=batch.inputs.ids, attention_mask=batch.inputs.mask, labels=labels).loss
    torch.testing.assert_close(masked_loss(encoder, batch, decoder), own)


@pytest.mark.parametrize("family", FAMILIES)
def test_encoder_and_decoder_learn_and_share_one_matrix(checkpoint: Checkpoint, family: str) -> None:
    encoder = load(checkpoint, family)
    method = Tlm(mask_probability=0.3)
    decoder = method.auxiliary_module(encoder)
    assert isinstance(decoder, SpanDecoder)
    rows = encoder.tokenize(TEXTS[:4])
    batch = method.collate(encoder, [TokenPair(rows[0], rows[2]), TokenPair(rows[1], rows[3])], generator())
    method.loss(encoder, batch, decoder)["tlm"].backward()
    trained = [parameter for parameter in decoder.parameters() if parameter.requires_grad]
    assert all(parameter.grad is not None for parameter in (*trained, *encoder.parameters()))
    assert not any(parameter.shape[0] == encoder.vocabulary_size for parameter in decoder.parameters())


def test_no_decoder_in_the_checkpoint_is_said(
    checkpoint: Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    load(checkpoint).save(tmp_path)
    encoder = Encoder.load(tmp_path).eval()
    with caplog.at_level(logging.WARNING):
        decoder = Mlm().auxiliary_module(encoder)
    assert isinstance(decoder, SpanDecoder)
    assert "has no decoder; span corruption trains a new one" in caplog.text
    batch = Mlm().collate(encoder, encoder.tokenize(TEXTS), generator())
    assert torch.isfinite(Mlm().loss(encoder, batch, decoder.eval())["mlm"])


def test_encoders_with_a_masked_head_need_no_decoder(checkpoint: Checkpoint) -> None:
    assert Mlm().auxiliary_module(load(checkpoint, "bert")) is None


def test_a_tokenizer_without_sentinels_is_refused(checkpoint: Checkpoint) -> None:
    encoder = load(checkpoint)
    tokens = [Tokens((3, 4, 5), (False,) * 3, (0,) * 3)]
    encoder.tokenizer.convert_tokens_to_ids = lambda _token: None
    with pytest.raises(CheckpointError, match="no sentinel <extra_id_0>"):
        corrupt(encoder, tokens, 0.5, 1.0, generator())
