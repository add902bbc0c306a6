"""Denoising word alignment: the model links the words of a pair itself, then points from a masked word to its partner.

First the unmasked pair is encoded without gradients, and its words are linked by optimal transport between their
states.  Then words are masked, and in addition to TLM a pointer network must find the partner of each masked word among
the words of the other language.  Unlike `weam`, it needs no word aligner.
Paper: Chi et al. 2021, arXiv 2106.06381.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from crosslift.align.bases.masked import MaskedBatch
from crosslift.align.bases.self_labels import best_partners, iterative_max, sinkhorn
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs, TokenPair, Tokens
from crosslift.encoder.masking import mask
from crosslift.errors import RecipeError
from crosslift.train.method import Method, Terms


@dataclass(frozen=True)
class JoinedBatch(MaskedBatch):
    """Masked joined pairs, and the boundary between their texts."""

    boundary: Tensor
    """(batch,), position where the second text begins, or any between the two."""

    @property
    def original(self) -> Inputs:
        """The inputs before masking."""
        assert self.inputs.targets is not None
        return self.inputs.with_ids(self.inputs.targets.where(self.positions, self.inputs.ids))

    @property
    def crossing(self) -> Tensor:
        """Pairs of a token of the first text and one of the second, (batch, length, length) bool."""
        second = torch.arange(self.inputs.ids.shape[1], device=self.boundary.device) >= self.boundary.unsqueeze(1)
        texts = ~self.inputs.special
        return (texts & ~second).unsqueeze(2) & (texts & second).unsqueeze(1)


class Pointer(nn.Module):
    """Pointer network: scaled dot products of queries and keys."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)

    def forward(self, states: Tensor) -> Tensor:
        """Return scores of each position as the partner of another, (batch, length, length).

        Args:
            states: (batch, length, hidden).
        """
        queries, keys = self.query(states), self.key(states)
        return queries @ keys.transpose(1, 2) / math.sqrt(states.shape[-1])  # type: ignore[no-any-return]


class XlmAlign(Method):
    """TLM, plus a pointer from each masked word to the partner that the model assigned.

    Needs a masked-language-model head.  As in the released code, a pointer weighs as much as a predicted token: both
    sums are divided by the number of masked tokens.  The paper adds MLM on unpaired text, here a separate objective
    (`mlm`).  A token with several links points to the partner with the largest weight in the transport plan.
    """

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "bitext"
    paper: ClassVar[str] = "Chi et al. 2021, arXiv 2106.06381"

    mask_probability: float = Field(0.15, gt=0, le=1, description="share of tokens that are predicted")
    all_mask: bool = Field(False, description="replace every chosen token by [MASK] instead of 80/10/10")
    layer: int = Field(-3, description="hidden states to link: 0 embeddings, -1 last layer; -3 is the paper's 10 of 12")
    iterations: int = Field(2, ge=0, description="Sinkhorn iterations; 0: link by similarity only")
    rounds: int = Field(2, ge=1, description="rounds of alignment filtering")
    tlm_weight: float = Field(1.0, ge=0, description="weight of the prediction of masked tokens")

    def auxiliary_module(self, model: Encoder) -> Pointer:
        """Return a new pointer network.

        Raises:
            RecipeError: the encoder has no such layer.
        """
        if not -model.layers - 1 <= self.layer <= model.layers:
            raise RecipeError(
                f"xlm_align.layer: {model.name} has no layer {self.layer}; expected 0 to {model.layers}, or "
                f"{-model.layers - 1} to -1 from the last"
            )
        return Pointer(model.hidden_size)

    def collate(self, model: Encoder, items: Sequence[TokenPair], generator: torch.Generator) -> JoinedBatch:
        """Join each pair in random order and mask both sides."""
        swapped = torch.rand(len(items), generator=generator) < 0.5
        joined = [
            model.join(pair.target, pair.source) if swap else model.join(pair.source, pair.target)
            for pair, swap in zip(items, swapped.tolist(), strict=True)
        ]
        inputs = model.collate(joined)
        return JoinedBatch(
            mask(inputs, model, self.mask_probability, all_mask=self.all_mask, generator=generator),
            torch.tensor([_boundary(tokens) for tokens in joined]),
        )

    def num_targets(self, batch: JoinedBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return the number of masked tokens."""
        return int(batch.positions.sum())

    def loss(self, model: Encoder, batch: JoinedBatch, auxiliary: Pointer) -> Terms:  # type: ignore[override]
        """Return the losses of masked tokens and of their partners, each a scalar: a mean over masked tokens."""
        partners = self.label(model, batch)
        states, count = model.encode(batch.inputs), max(1, self.num_targets(batch))
        terms = {"pointer": _pointer_loss(auxiliary(states), partners, batch) / count}
        if self.tlm_weight == 0:
            return terms
        assert batch.inputs.targets is not None
        logits = model.masked_logits(states, batch.positions)
        tlm = functional.cross_entropy(logits.float(), batch.inputs.targets[batch.positions], reduction="sum")
        return {"tlm": self.tlm_weight * tlm / count} | terms

    def label(self, model: Encoder, batch: JoinedBatch) -> Tensor:
        """Return the partner that the model assigns to each position, (batch, length), -1 where there is none."""
        with torch.no_grad(), _without_dropout(model):
            states = model.hidden_states(batch.original)[self.layer].float()
        with (
            torch.no_grad(),
            torch.autocast(states.device.type, enabled=False),
        ):  # the best partner may depend on the last digits
            crossing = batch.crossing
            plan = sinkhorn(states @ states.transpose(1, 2), crossing, iterations=self.iterations)
            return best_partners(iterative_max(plan, crossing, rounds=self.rounds), plan)


def _boundary(joined: Tokens) -> int:
    """Return the position where the second text begins; the length of the sequence if there is none."""
    return joined.segments.index(1) if 1 in joined.segments else len(joined)


def _pointer_loss(scores: Tensor, partners: Tensor, batch: JoinedBatch) -> Tensor:
    """Return the cross-entropy of the partners of masked tokens, a scalar: summed over masked tokens.

    The candidates are the tokens of the other text.

    Args:
        scores: (batch, length, length), of the pointer network.
        partners: (batch, length), -1 where there is none.
        batch: the batch.
    """
    pointing = batch.positions & (partners != -1)
    others = batch.crossing | batch.crossing.transpose(1, 2)
    chosen = scores[pointing].float().masked_fill(~others[pointing], float("-inf"))
    return functional.cross_entropy(chosen, partners[pointing], reduction="sum")


@contextmanager
def _without_dropout(model: Encoder) -> Iterator[None]:
    training = model.model.training
    model.eval()
    try:
        yield
    finally:
        model.model.train(training)
