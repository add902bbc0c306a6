from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from crosslift.align import word_contrastive
from crosslift.align.bases.linked_pairs import LinkedBatch, pad_links
from crosslift.align.word_contrastive import ProjectionAndAnchor, WordContrastive
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair
from crosslift.errors import DataError
from tests.tiny import TEXTS
from tests.unit.align.linked import GivenStates, generator, inputs_of, linked_pairs

CONTRASTS: tuple[Any, ...] = ("weak", "strong")
NOTHING = ProjectionAndAnchor(nn.Identity(), None)


@pytest.fixture
def encoder(checkpoint: Callable[[str], Path]) -> Encoder:
    return Encoder.load(checkpoint("bert")).eval()


def given(links: int = 5, scale: float = 1.0, *, swap: bool = False) -> tuple[Any, LinkedBatch, Tensor, Tensor]:
    """Return an encoder of given states, one pair with that many links, and the linked states of both sides."""
    source, target = (torch.randn(1, 7, 8, generator=generator(seed)) * scale for seed in (1, 2))
    if swap:
        source, target = target, source
    sides = [inputs_of(torch.zeros(1, 7, dtype=torch.long)) for _ in range(2)]
    batch = LinkedBatch(*sides, pad_links([[(place, place) for place in range(links)]]))
    encoder = GivenStates({id(sides[0]): source, id(sides[1]): target})
    return encoder, batch, source[0, :links], target[0, :links]


def contrast(method: WordContrastive, encoder: Any, batch: LinkedBatch) -> Tensor:
    return method.loss(encoder, batch, NOTHING)["contrast"]


def cosines(one: Tensor, other: Tensor) -> Tensor:
    return functional.normalize(one, dim=-1) @ functional.normalize(other, dim=-1).T


def test_weak_contrast_is_the_mean_of_both_directions() -> None:
    encoder, batch, source, target = given()
    scores, diagonal = cosines(source, target) / 0.1, torch.arange(5)
    expected = (functional.cross_entropy(scores, diagonal) + functional.cross_entropy(scores.T, diagonal)) / 2
    torch.testing.assert_close(contrast(WordContrastive(contrast="weak"), encoder, batch), expected)


def test_strong_contrast_stacks_both_languages() -> None:
    encoder, batch, source, target = given()
    stacked = torch.cat([source, target])
    scores = cosines(stacked, stacked) / 0.1 - 1e6 * torch.eye(10)
    expected = functional.cross_entropy(scores, torch.arange(10).roll(5))
    torch.testing.assert_close(contrast(WordContrastive(contrast="strong"), encoder, batch), expected)


@pytest.mark.parametrize("name", CONTRASTS)
def test_scale_of_the_states_is_no_matter(name: Any) -> None:
    method = WordContrastive(contrast=name)
    one, other = (contrast(method, *given(scale=scale)[:2]) for scale in (1.0, 40.0))
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", CONTRASTS)
def test_sides_may_change_places(name: Any) -> None:
    method = WordContrastive(contrast=name)
    torch.testing.assert_close(contrast(method, *given()[:2]), contrast(method, *given(swap=True)[:2]))


@pytest.mark.parametrize("links", [0, 1])
@pytest.mark.parametrize("name", CONTRASTS)
def test_one_link_or_none_costs_nothing(name: Any, links: int) -> None:
    encoder, batch, _, _ = given(links)
    for states in encoder.states.values():
        states.requires_grad_()
    loss = contrast(WordContrastive(contrast=name), encoder, batch)
    assert loss.item() == pytest.approx(0, abs=1e-6)
    loss.backward()


def test_regulariser_grows_from_nothing_without_a_broken_gradient(encoder: Encoder) -> None:
    method = WordContrastive(regulariser_weight=2.0)
    auxiliary, batch = method.auxiliary_module(encoder), method.collate(encoder, linked_pairs(encoder), generator())
    terms = method.loss(encoder, batch, auxiliary)
    assert terms["regulariser"] == 0
    torch.stack(list(terms.values())).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters() if p.grad is not None)
    with torch.no_grad():
        next(iter(encoder.base.parameters()))[0, 0] += 3.0
    torch.testing.assert_close(method.loss(encoder, batch, auxiliary)["regulariser"], torch.tensor(6.0))


def test_projection_is_trained_and_the_frozen_copy_is_not(encoder: Encoder) -> None:
    method = WordContrastive()
    auxiliary = method.auxiliary_module(encoder)
    shapes = [tuple(p.shape) for p in auxiliary.parameters() if p.requires_grad]
    assert shapes == [(encoder.hidden_size, encoder.hidden_size), (128, encoder.hidden_size)]
    terms = method.loss(encoder, method.collate(encoder, linked_pairs(encoder), generator()), auxiliary)
    torch.stack(list(terms.values())).sum().backward()
    assert all((p.grad is not None) == p.requires_grad for p in auxiliary.parameters())
    assert encoder.base.get_input_embeddings().weight.grad.abs().sum() > 0  # type: ignore[union-attr]


def test_nothing_is_kept_that_nothing_needs(encoder: Encoder) -> None:
    method = WordContrastive(projection=None, regulariser_weight=0)
    auxiliary = method.auxiliary_module(encoder)
    assert not list(auxiliary.parameters())
    batch = method.collate(encoder, linked_pairs(encoder), generator())
    assert method.loss(encoder, batch, auxiliary).keys() == {"contrast"}


def test_links_of_all_pairs_are_candidates(encoder: Encoder) -> None:
    method, pairs = WordContrastive(skip_identical=False), linked_pairs(encoder)
    batch = method.collate(encoder, pairs, generator())
    assert method.num_targets(batch) == sum(len(pair.links or ()) for pair in pairs)
    alone = [method.collate(encoder, [pair], generator()) for pair in pairs]
    joint, *single = (contrast(method, encoder, one) for one in (batch, *alone))
    assert joint > max(single)


def test_order_of_pairs_is_no_matter(encoder: Encoder) -> None:
    method, pairs = WordContrastive(), linked_pairs(encoder)
    one, other = (
        contrast(method, encoder, method.collate(encoder, order, generator())) for order in (pairs, pairs[::-1])
    )
    torch.testing.assert_close(one, other)


def test_words_are_at_their_first_subword_and_equal_ones_are_ignored(encoder: Encoder) -> None:
    source, target = (encoder.tokenize_words([text.split()])[0] for text in (TEXTS[1], TEXTS[3]))
    assert source.words is not None
    assert target.words is not None
    starts = [[words.index(n) for n in range(max(words) + 1)] for words in (source.words, target.words)]
    links = tuple(zip(*starts, strict=False))
    found = WordContrastive().collate(encoder, [TokenPair(source, target, links)], generator()).links[0]
    different = [word != other for word, other in zip(TEXTS[1].split(), TEXTS[3].split(), strict=False)]
    assert found.tolist() == [list(link) for link, keep in zip(links, different, strict=True) if keep]


@pytest.mark.parametrize("name", CONTRASTS)
def test_processes_share_candidates(monkeypatch: pytest.MonkeyPatch, name: Any) -> None:
    method = WordContrastive(contrast=name)
    encoder, batch, source, target = given()
    whole = contrast(method, encoder, batch)
    shares = []
    for start, stop in ((0, 2), (2, 5)):
        everything = iter((source, target))
        monkeypatch.setattr(word_contrastive, "gather", lambda _, rows=everything: next(rows))
        monkeypatch.setattr(word_contrastive, "rank_offset", lambda _rows, _device, start=start: start)
        own = LinkedBatch(batch.source, batch.target, batch.links[:, start:stop])
        shares.append((stop - start) / 5 * contrast(method, encoder, own))
    torch.testing.assert_close(shares[0] + shares[1], whole)


def test_links_must_be_known(encoder: Encoder) -> None:
    pairs = [TokenPair(pair.source, pair.target) for pair in linked_pairs(encoder)]
    with pytest.raises(DataError, match="word links"):
        WordContrastive().collate(encoder, pairs, generator())
