"""What the tests of sentence-level objectives share: pairs, one training pass, and a count of encoder passes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs, TokenPair
from crosslift.train.batch import Batch
from crosslift.train.method import Method, Terms
from tests.tiny import LANGUAGE, TEXTS
from tests.unit.align.linked import generator, in_order


def pairs(encoder: Encoder, family: str = "bert") -> list[TokenPair]:
    """Return eight linked pairs of texts of unlike length; the fourth text is twice among the sources."""
    first, second = LANGUAGE.get(family, ("en", "de"))
    sources = encoder.tokenize([*TEXTS[:7], TEXTS[3]], language=first)
    targets = encoder.tokenize([*TEXTS[1:], TEXTS[0]], language=second)
    return [TokenPair(s, t, in_order(len(s), len(t))) for s, t in zip(sources, targets, strict=True)]


def extra_of(method: Method, encoder: Encoder, seed: int = 3) -> nn.Module | None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        auxiliary = method.auxiliary_module(encoder)
    return auxiliary if auxiliary is None else auxiliary.to(next(encoder.parameters()).dtype)


def batch_of(method: Method, encoder: Encoder, family: str = "bert") -> Batch:
    return method.collate(encoder, pairs(encoder, family), generator(5))


def terms_of(method: Method, encoder: Encoder, batch: Batch, auxiliary: nn.Module | None = None) -> dict[str, Tensor]:
    return dict(method.loss(encoder, batch) if auxiliary is None else method.loss(encoder, batch, auxiliary))


def total(terms: Terms) -> Tensor:
    return torch.stack(list(terms.values())).sum()


Gradients = dict[str, Tensor]


def trained(
    method: Method, encoder: Encoder, batch: Batch, *, direct: bool = False, scale: float = 1.0
) -> tuple[dict[str, Tensor], Gradients]:
    """Return terms and gradients of a step, or of the loss and one backward pass if `direct`; dropout from one seed."""
    encoder.model.zero_grad()
    auxiliary = extra_of(method, encoder)
    torch.manual_seed(11)
    if direct:
        terms = terms_of(method, encoder, batch, auxiliary)
        (scale * total(terms)).backward()
    else:
        terms = dict(method.step(encoder, batch, lambda made: (scale * total(made)).backward(), auxiliary))
    modules: dict[str, Any] = {"model": encoder.model, "extra": auxiliary or nn.Identity()}
    gradients = {
        f"{part}.{name}": parameter.grad.clone()
        for part, module in modules.items()
        for name, parameter in module.named_parameters()
        if parameter.grad is not None
    }
    return {name: value.detach() for name, value in terms.items()}, gradients


def count_passes(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Return a list that fills with (rows, whether with a graph) of each pass through the encoder."""
    passes: list[tuple[int, bool]] = []
    arguments = encoder.arguments

    def counted(inputs: Inputs, embeddings: Tensor | None = None) -> dict[str, Tensor]:
        passes.append((len(inputs), torch.is_grad_enabled()))
        return arguments(inputs, embeddings)

    monkeypatch.setattr(encoder, "arguments", counted)
    return passes
