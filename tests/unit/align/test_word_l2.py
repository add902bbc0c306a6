from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from crosslift.align.bases.frozen_copy import Frozen
from crosslift.align.bases.linked_pairs import NO_LINK, pad_links
from crosslift.align.word_l2 import AnchoredBatch, WordL2
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair
from crosslift.errors import DataError
from tests.tiny import TEXTS
from tests.unit.align.linked import GivenStates, generator, gradients, inputs_of, linked_pairs

WU_DREDZE = WordL2(
    anchor="current",
    sum_dimensions=True,
    regulariser="parameters",
    special_tokens=False,
    subword="first",
    skip_identical=True,
)


@pytest.fixture
def encoder(checkpoint: Callable[[str], Path]) -> Encoder:
    return Encoder.load(checkpoint("bert")).eval()


def collated(method: WordL2, encoder: Encoder, pairs: list[TokenPair] | None = None) -> AnchoredBatch:
    return method.collate(encoder, linked_pairs(encoder) if pairs is None else pairs, generator())


def moved(encoder: Encoder, by: float = 0.05) -> Encoder:
    """Move all weights a little, as training would."""
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(by * torch.randn(parameter.shape, generator=generator(9)))
    return encoder


def given(scale: float = 1.0) -> tuple[Any, Any, AnchoredBatch, dict[str, Tensor]]:
    """Return an encoder and a frozen one of given states, and a batch of one pair with two links."""
    source, target = (inputs_of(torch.zeros(1, length, dtype=torch.long)) for length in (4, 5))
    states = {name: torch.randn(1, length, 8, generator=generator(length + n)) * scale
              for n, (name, length) in enumerate({"source": 4, "target": 5, "frozen": 4}.items())}  # fmt: skip
    batch = AnchoredBatch(
        source, target, pad_links([[(1, 3), (2, 1)]]), torch.tensor([[0, 1, 2, 3]]), torch.tensor([4 / 2])
    )
    encoder = GivenStates({id(source): states["source"], id(target): states["target"]})
    return encoder, GivenStates({id(source): states["frozen"]}), batch, states


def test_means_over_links_and_source_words() -> None:
    encoder, frozen, batch, states = given()
    terms = WordL2().loss(encoder, batch, frozen)
    expected = functional.mse_loss(states["target"][0, [3, 1]], states["frozen"][0, [1, 2]])
    torch.testing.assert_close(terms["align"], expected)
    torch.testing.assert_close(terms["regulariser"], functional.mse_loss(states["source"], states["frozen"]))


def test_collated_links_count_as_a_mean(encoder: Encoder) -> None:
    method = WordL2(special_tokens=False)
    pairs = [replace(pair, links=pair.links[: 2 + 9 * n]) for n, pair in enumerate(linked_pairs(encoder)) if pair.links]
    batch, frozen = collated(method, encoder, pairs), method.auxiliary_module(encoder)
    target, source = encoder.encode(batch.target), frozen.encode(batch.source)
    ends = [(row, *link) for row, pair in enumerate(pairs) for link in pair.links or ()]
    words, anchors = (torch.stack([side[end[0], end[at]] for end in ends]) for side, at in ((target, 2), (source, 1)))
    torch.testing.assert_close(method.loss(encoder, batch, frozen)["align"], functional.mse_loss(words, anchors))


def test_sum_over_dimensions_is_the_squared_distance() -> None:
    encoder, frozen, batch, states = given()
    terms = WordL2(sum_dimensions=True, anchor="current", regulariser_weight=0.5).loss(encoder, batch, frozen)
    distances = torch.linalg.vector_norm(states["target"][0, [3, 1]] - states["source"][0, [1, 2]], dim=1)
    torch.testing.assert_close(terms["align"], distances.square().mean())
    kept = torch.linalg.vector_norm(states["source"] - states["frozen"], dim=2).square().mean()
    torch.testing.assert_close(terms["regulariser"], 0.5 * kept)


def test_scaled_states_scale_the_loss_by_the_square() -> None:
    ones, threes = (WordL2().loss(encoder, batch, frozen) for encoder, frozen, batch, _ in (given(), given(3.0)))
    for name, value in ones.items():
        torch.testing.assert_close(threes[name], 9 * value)


def test_regulariser_of_an_encoder_that_has_not_moved_is_nothing(encoder: Encoder) -> None:
    method = WordL2()
    terms = method.loss(encoder, collated(method, encoder), method.auxiliary_module(encoder))
    assert terms["regulariser"] == 0
    terms["regulariser"].backward()
    assert not any(gradient.any() for gradient in gradients(encoder.model) if gradient is not None)
    assert terms["align"] > 0


@pytest.mark.parametrize(("anchor", "moves"), [("frozen", {"target"}), ("current", {"source", "target"})])
def test_which_side_moves(encoder: Encoder, anchor: Any, moves: set[str]) -> None:
    method = WordL2(anchor=anchor, special_tokens=False)
    batch = collated(method, encoder)
    reached = set()
    embeddings = encoder.embed

    def watch(ids: Tensor) -> Tensor:
        embedded = embeddings(ids).detach().requires_grad_()
        side = "source" if ids is batch.source.ids else "target"
        embedded.register_hook(lambda gradient: reached.add(side) if gradient.any() else None)
        return embedded

    auxiliary = method.auxiliary_module(encoder)
    encoder.embed = watch  # type: ignore[method-assign]
    method.loss(encoder, batch, auxiliary)["align"].backward()
    assert reached == moves


def test_frozen_copy_stays_as_it_was(encoder: Encoder) -> None:
    method = WordL2()
    batch, frozen = collated(method, encoder), method.auxiliary_module(encoder)
    before = encoder.encode(batch.source)
    moved(encoder)
    encoder.train()
    frozen.train()
    assert not any(module.training for module in frozen.modules())
    assert not any(parameter.requires_grad for parameter in frozen.parameters())
    after = frozen.encode(batch.source)
    assert torch.equal(before, after)
    assert not after.requires_grad
    assert not torch.equal(encoder.encode(batch.source), after)
    assert set(frozen.state_dict()) == {f"model.{name}" for name in encoder.base.state_dict()}


def test_gradients_leave_the_frozen_copy_alone(encoder: Encoder) -> None:
    for method in (WordL2(), WU_DREDZE):
        frozen = method.auxiliary_module(encoder)
        moved(encoder)
        terms = method.loss(encoder, collated(method, encoder), frozen)
        torch.stack(list(terms.values())).sum().backward()
        assert all(gradient is None for gradient in gradients(frozen))


def test_distance_of_parameters_has_gradient_of_norm_one_and_none_at_the_start(encoder: Encoder) -> None:
    frozen = Frozen(encoder)
    frozen.distance(encoder).backward()
    assert frozen.distance(encoder) == 0
    assert not any(gradient.any() for gradient in gradients(encoder.base) if gradient is not None)
    encoder.model.zero_grad()
    moved(encoder)
    distance = frozen.distance(encoder)
    flat = [torch.cat([p.detach().flatten() for p in module.parameters()]) for module in (encoder.base, frozen.model)]
    torch.testing.assert_close(distance, torch.linalg.vector_norm(flat[0] - flat[1]))
    distance.backward()
    gradient = torch.cat(
        [parameter.grad.flatten() for parameter in encoder.base.parameters() if parameter.grad is not None]
    )
    torch.testing.assert_close(torch.linalg.vector_norm(gradient), torch.tensor(1.0))
    torch.testing.assert_close(gradient, (flat[0] - flat[1]) / distance.detach())


def test_regulariser_on_parameters(encoder: Encoder) -> None:
    frozen = WU_DREDZE.auxiliary_module(encoder)
    moved(encoder)
    terms = WU_DREDZE.loss(encoder, collated(WU_DREDZE, encoder), frozen)
    torch.testing.assert_close(terms["regulariser"], frozen.distance(encoder))


def test_special_tokens_are_linked_and_kept(encoder: Encoder) -> None:
    pair = linked_pairs(encoder)[0]
    with_special, without = (collated(WordL2(special_tokens=on), encoder, [pair]) for on in (True, False))
    assert pair.links is not None
    assert without.links[0].tolist() == [list(link) for link in pair.links]
    ends = [[0, 0], [len(pair.source) - 1, len(pair.target) - 1]]
    assert with_special.links[0].tolist() == [list(link) for link in pair.links] + ends
    assert sorted(with_special.words[0].tolist()) == list(range(len(pair.source)))
    assert without.words[0].tolist() == list(range(1, len(pair.source) - 1))


def test_words_are_at_their_last_subword(encoder: Encoder) -> None:
    source, target = (encoder.tokenize_words([text.split()])[0] for text in (TEXTS[0], TEXTS[2]))
    assert source.words is not None
    ends = [max(place for place, word in enumerate(source.words) if word == n) for n in range(source.words_fitted)]
    assert len(ends) < len(source) - 2
    batch = collated(WordL2(), encoder, [TokenPair(source, target, ((1, 1),))])
    assert batch.words[0].tolist() == [*ends, 0, len(source) - 1]
    assert batch.links[0, 0, 0] == ends[0]


def test_parts_add_up(encoder: Encoder) -> None:
    method = WordL2()
    pairs = [replace(pair, links=pair.links[: 2 + 9 * n]) for n, pair in enumerate(linked_pairs(encoder)) if pair.links]
    batch, frozen = collated(method, encoder, pairs), method.auxiliary_module(encoder)
    moved(encoder)
    whole = method.loss(encoder, batch, frozen)
    parts = [batch.select(torch.tensor([row])) for row in range(2)]
    shares = [method.num_targets(part) / method.num_targets(batch) for part in parts]
    for name, value in whole.items():
        losses = [share * method.loss(encoder, part, frozen)[name] for share, part in zip(shares, parts, strict=True)]
        torch.testing.assert_close(sum(losses), value)


def test_no_links_cost_nothing(encoder: Encoder) -> None:
    method = WordL2(special_tokens=False)
    batch = collated(method, encoder, linked_pairs(encoder, links=()))
    assert (batch.links == NO_LINK).all()
    terms = method.loss(encoder, batch, method.auxiliary_module(encoder))
    assert terms["align"] == 0
    terms["align"].backward()


def test_links_must_be_known(encoder: Encoder) -> None:
    pairs = [TokenPair(pair.source, pair.target) for pair in linked_pairs(encoder)]
    with pytest.raises(DataError, match="word links"):
        collated(WordL2(), encoder, pairs)


@pytest.mark.parametrize("family", ["t5", "nllb", "xlm"])
def test_encoder_halves_learn_too(checkpoint: Callable[[str], Path], family: str) -> None:
    encoder, method = Encoder.load(checkpoint(family)).eval(), WordL2()
    terms = method.loss(
        encoder, collated(method, encoder, linked_pairs(encoder, family)), method.auxiliary_module(encoder)
    )
    terms["align"].backward()
    assert encoder.base.get_input_embeddings().weight.grad.abs().sum() > 0  # type: ignore[union-attr]
