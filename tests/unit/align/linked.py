"""What the tests of word-level objectives share: linked pairs, and an encoder whose states are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs, TokenLinks, TokenPair
from tests.tiny import LANGUAGE, TEXTS


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def in_order(source: int, target: int) -> TokenLinks:
    """Return links of the n-th token to the n-th one, leaving the first and last ones (special tokens) out."""
    return tuple((place, place) for place in range(1, min(source, target) - 1))


def linked_pairs(encoder: Encoder, family: str = "bert", *, links: TokenLinks | None = None) -> list[TokenPair]:
    """Return two pairs; linked in order unless `links` are given."""
    first, second = LANGUAGE.get(family, (None, None))
    sides = zip(encoder.tokenize(TEXTS[:2], language=first), encoder.tokenize(TEXTS[2:4], language=second), strict=True)
    return [TokenPair(s, t, in_order(len(s), len(t)) if links is None else links) for s, t in sides]


@dataclass
class GivenStates:
    """Stands in for an Encoder (or a frozen one): states are given, the head passes them through as logits."""

    states: dict[int, Tensor]

    def encode(self, inputs: Inputs) -> Tensor:
        return self.states[id(inputs)]

    def masked_logits(self, states: Tensor, positions: Tensor) -> Tensor:
        return states[positions]


def gradients(module: nn.Module) -> list[Tensor | None]:
    return [None if parameter.grad is None else parameter.grad.clone() for parameter in module.parameters()]


def inputs_of(ids: Tensor, **fields: Any) -> Inputs:
    return Inputs(ids=ids, mask=torch.ones_like(ids), special=torch.zeros_like(ids, dtype=torch.bool), **fields)
