from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from crosslift.align.bases.contrastive import PairBatch
from crosslift.align.ml_ctl import MlCtl, linked_words, word_spans
from crosslift.align.sentence_contrastive import SentenceContrastive
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair, Tokens
from crosslift.errors import DataError
from crosslift.losses import cz_nce
from tests.tiny import TEXTS
from tests.unit.align.contrastive import batch_of, extra_of, pairs, terms_of
from tests.unit.align.linked import generator


@pytest.fixture
def encoder(checkpoint: Callable[[str], Path]) -> Encoder:
    return Encoder.load(checkpoint("bert")).eval()


def tokens(*ids: int, words: tuple[int, ...] | None = None) -> Tokens:
    """Return [CLS] ids [SEP] (2 and 3)."""
    special = (True, *(False for _ in ids), True)
    return Tokens((2, *ids, 3), special, (0,) * len(special), words and (-1, *words, -1))


def spans(batch: PairBatch) -> list[tuple[list[int], list[int]]]:
    assert batch.source_word is not None
    assert batch.target_word is not None
    return list(zip(batch.source_word.tolist(), batch.target_word.tolist(), strict=True))


def test_the_vector_is_sentence_and_word_of_two_layers(encoder: Encoder) -> None:
    method = MlCtl(mlm_weight=0)
    batch, auxiliary = batch_of(method, encoder), extra_of(method, encoder)
    assert isinstance(batch, PairBatch)
    assert isinstance(auxiliary, nn.Sequential)
    vectors = []
    for inputs, words in ((batch.source, batch.source_word), (batch.target, batch.target_word)):
        states = encoder.hidden_states(inputs)
        summed = states[1] + states[-1]
        assert words is not None
        word = torch.stack(
            [row[begin:end].mean(dim=0) for row, (begin, end) in zip(summed, words.tolist(), strict=True)]
        )
        sentence = (summed * inputs.mask[..., None]).sum(1) / inputs.mask.sum(1, keepdim=True)
        vectors.append(auxiliary(torch.cat([sentence, word], dim=1)))
    expected = cz_nce(*vectors, temperature=0.07, same_language_negatives=True)
    torch.testing.assert_close(terms_of(method, encoder, batch, auxiliary), {"ml_ctl": expected})


@pytest.mark.parametrize("place", [1, 2, 5])
def test_only_the_words_own_state_counts(encoder: Encoder, place: int) -> None:
    method = MlCtl(mlm_weight=0, projection=False)
    side = batch_of(method, encoder).sides[0]  # type: ignore[attr-defined]
    side = replace(side, word=torch.tensor([[place, place + 1]] * len(side)))
    states = torch.randn(*side.inputs.ids.shape, 32, requires_grad=True)
    method.vectors(encoder, side, states, None)[:, 32:].sum().backward()
    assert states.grad is not None
    assert states.grad.abs().sum(dim=(0, 2)).nonzero().flatten().tolist() == [place]


def test_without_a_word_it_is_cz_snt(encoder: Encoder) -> None:
    settings: dict[str, Any] = {
        "loss": "cz_nce",
        "layers": (1, -1),
        "projection": True,
        "same_language_negatives": True,
        "mlm_weight": 0.1,
    }
    method, snt = MlCtl(word="none"), SentenceContrastive(**settings)
    auxiliary = extra_of(method, encoder)
    found = terms_of(method, encoder, batch_of(method, encoder), auxiliary)
    expected = terms_of(snt, encoder, batch_of(snt, encoder), auxiliary)
    torch.testing.assert_close(found["ml_ctl"], expected["sentence_contrastive"])
    torch.testing.assert_close(found["mlm"], expected["mlm"])


def test_info_nce_and_cz_nce_rank_alike(encoder: Encoder) -> None:
    batch, auxiliary = batch_of(MlCtl(), encoder), extra_of(MlCtl(), encoder)
    cz, info = (
        terms_of(MlCtl(loss=name, symmetric=False, temperature=1.0), encoder, batch, auxiliary)["ml_ctl"]
        for name in ("cz_nce", "info_nce")
    )
    assert cz < info


def test_words_are_drawn_from_the_links(encoder: Encoder) -> None:
    source, target = tokens(5, 6, 7, 8, words=(0, 1, 1, 2)), tokens(9, 10, 11, words=(0, 0, 1))
    pair = TokenPair(source, target, ((1, 3), (3, 2), (0, 0), (2, 2)))
    links = [((1, 2), (3, 4)), ((2, 4), (1, 3))]
    assert linked_words(pair) == links
    found = spans(MlCtl(mlm_weight=0).collate(encoder, [pair] * 64, generator()))
    assert {(tuple(one), tuple(other)) for one, other in found} == set(links)
    assert found == spans(MlCtl(mlm_weight=0).collate(encoder, [pair] * 64, generator()))


def test_unknown_words_are_single_tokens() -> None:
    assert word_spans(tokens(5, 6)) == [(1, 2), (2, 3)]
    assert linked_words(TokenPair(tokens(5, 6), tokens(7, 8), ((1, 2),))) == [((1, 2), (2, 3))]


def test_unique_words_occur_once_on_both_sides(encoder: Encoder) -> None:
    pair = TokenPair(tokens(5, 6, 5, 7), tokens(8, 9, 9, 10), ((1, 1), (2, 2), (4, 4)))
    found = spans(MlCtl(mlm_weight=0, unique_words=True).collate(encoder, [pair] * 16, generator()))
    assert found == [([4, 5], [4, 5])] * 16
    with pytest.raises(DataError, match="none of the 1 sentence pairs"):
        MlCtl(unique_words=True).collate(encoder, [replace(pair, links=((1, 1),))], generator())


def test_random_words_need_no_links(encoder: Encoder) -> None:
    pair = TokenPair(tokens(5, 6, 7), tokens(8, 9))
    found = spans(MlCtl(mlm_weight=0, word="random").collate(encoder, [pair] * 64, generator()))
    assert {(one[0], other[0]) for one, other in found} == {(i, j) for i in (1, 2, 3) for j in (1, 2)}


def test_pairs_without_a_link_are_left_out(encoder: Encoder) -> None:
    items = [replace(pair, links=()) if index % 2 else pair for index, pair in enumerate(pairs(encoder))]
    batch = MlCtl().collate(encoder, items, generator())
    assert len(batch) == 4
    assert batch.masked_target is not None
    assert len(batch.masked_target) == 4


@pytest.mark.parametrize("links", [None, ()])
def test_no_links_at_all_are_refused(encoder: Encoder, links: Any) -> None:
    items = [replace(pair, links=links) for pair in pairs(encoder)]
    with pytest.raises(DataError, match="link"):
        MlCtl().collate(encoder, items, generator())


def test_words_keep_their_place_when_rows_are_chosen(encoder: Encoder) -> None:
    batch = batch_of(MlCtl(), encoder)
    rows = torch.tensor([6, 0])
    part = batch.select(rows)
    assert isinstance(batch, PairBatch)
    assert isinstance(part, PairBatch)
    for row, whole in enumerate(rows.tolist()):
        begin, end = spans(part)[row][0]
        assert [begin, end] == spans(batch)[whole][0]
        assert torch.equal(part.source.ids[row, begin:end], batch.source.ids[whole, begin:end])
    assert part.source.ids.shape[1] == max(len(encoder.tokenize([TEXTS[i]])[0]) for i in rows.tolist())
