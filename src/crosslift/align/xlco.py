"""Momentum contrast of translations: a sentence must be closest to its translation among a long queue of sentences.

Queries come from the encoder, keys from a copy that follows it slowly (momentum); keys stay in a queue as negatives for
later batches, so their number does not depend on the batch size (MoCo; He et al. 2020, arXiv 1911.05722).  A sentence
vector is the first state of an intermediate layer after a linear projection; the scores are plain dot products, as
released.  With `mixup` a text is two sentences, joined in random order on either side, so that positions carry no
information.

The authors fill the queue before training.  Here it fills during training, and the other keys of the batch are
negatives too; ``batch_negatives = false`` uses the queue only, as released.  Their code also masks the inputs
(``mask_probability = 0.15``), which the paper does not mention: off by default.  They train it together with `mlm` and
`tlm`, weight 1 each.  A queue longer than an epoch has older keys of a text among its negatives: shorten it for small
data.
Paper: Chi et al. 2021, arXiv 2007.07834 (InfoXLM).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from crosslift.align.bases.contrastive import Contrastive, Side, chunks, in_order, summed_layers
from crosslift.align.bases.frozen_copy import Frozen
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs, TokenPair, Tokens
from crosslift.encoder.masking import mask
from crosslift.encoder.pooling import Pooling
from crosslift.train.all_gather import gather, rank_offset
from crosslift.train.batch import Batch
from crosslift.train.method import Terms


@dataclass(frozen=True)
class QueryBatch(Batch):
    """Texts and their translations, row by row."""

    query: Inputs
    key: Inputs


class Xlco(Contrastive):
    """Momentum contrast of translations with a queue of negatives."""

    paper: ClassVar[str] = "Chi et al. 2021, arXiv 2007.07834"

    pooling: Pooling = Field("first", description="pooling of the states to a sentence vector")
    layer: int | None = Field(None, description="layer of the vectors; none: two thirds of the layers, such as 8 of 12")
    temperature: float = Field(0.25, gt=0, description="divides the scores; smaller is sharper")
    normalize: bool = Field(False, description="score by cosines instead of dot products")
    queue_size: int = Field(131_072, gt=0, description="keys kept as negatives; should not exceed an epoch")
    momentum: float = Field(
        0.9999,
        ge=0,
        le=1,
        description="momentum of the key encoder: the share of its own weights that it keeps at each step",
    )
    batch_negatives: bool = Field(True, description="the other keys of the batch are negatives too")
    mixup: bool = Field(True, description="join two pairs to one, in random order on either side")
    mask_probability: float | None = Field(None, gt=0, le=1, description="share of tokens to mask; none: mask no token")

    def auxiliary_module(self, model: Encoder) -> Momentum:
        """Return the key encoder, both projections, and an empty queue."""
        return Momentum(model, self.queue_size)

    def collate(self, model: Encoder, items: Sequence[TokenPair], generator: torch.Generator) -> QueryBatch:
        """Join pairs, draw which side is the query, and mask tokens if the setting asks for it."""
        pairs = mixed(model, items, generator) if self.mixup else list(items)
        if torch.rand((), generator=generator) < 0.5:
            pairs = [TokenPair(pair.target, pair.source) for pair in pairs]
        query, key = model.collate([pair.source for pair in pairs]), model.collate([pair.target for pair in pairs])
        if self.mask_probability is not None:
            query, key = (
                mask(side, model, self.mask_probability, all_mask=False, generator=generator) for side in (query, key)
            )
        return QueryBatch(query, key)

    def sides(self, batch: QueryBatch) -> tuple[Side]:
        """Return the queries; keys have no gradient."""
        return (Side(batch.query),)

    def states(self, model: Encoder, side: Side) -> tuple[Tensor, Tensor]:
        """Return the states of the layer of the vectors and of the last layer, both (batch, length, hidden)."""
        return summed_layers(model, side.inputs, (round(model.layers * 2 / 3) if self.layer is None else self.layer,))

    def vectors(self, model: Encoder, side: Side, states: Tensor, auxiliary: Momentum) -> Tensor:
        """Return the projected queries, (batch, hidden)."""
        return auxiliary.query(super().vectors(model, side, states, auxiliary))  # type: ignore[no-any-return]

    def contrast(self, model: Encoder, vectors: Sequence[Tensor], batch: QueryBatch, auxiliary: Momentum) -> Terms:
        """Return the mean cross-entropy of each query's key among all keys, a scalar, given queries (batch, hidden).

        The keys of the batch are kept to be queued after the step.
        """
        del model
        query, keys = self._scaled(vectors[0]), self._scaled(self._keys(batch.key, auxiliary))
        places = rank_offset(len(keys), keys.device) + torch.arange(len(keys), device=keys.device)
        auxiliary.waiting = gather(keys)
        pool = torch.cat([auxiliary.waiting, auxiliary.queued])
        with torch.autocast(query.device.type, enabled=False):
            scores = query @ pool.T / self.temperature  # (batch, keys of all processes and of the queue)
        if not self.batch_negatives:
            others = torch.ones_like(scores, dtype=torch.bool).scatter(1, places[:, None], False)
            others[:, len(auxiliary.waiting) :] = False
            scores = scores.masked_fill(others, torch.finfo(scores.dtype).min)
        return {"xlco": functional.cross_entropy(scores, places)}

    def after_step(self, model: Encoder, auxiliary: nn.Module | None) -> None:
        """Queue the keys of the step, and move the key encoder toward the encoder."""
        assert isinstance(auxiliary, Momentum)
        auxiliary.enqueue()
        auxiliary.follow(model, self.momentum)

    def _scaled(self, vectors: Tensor) -> Tensor:
        vectors = vectors.to(torch.promote_types(vectors.dtype, torch.float32))  # also under autocast
        return functional.normalize(vectors, dim=1) if self.normalize else vectors

    @torch.no_grad()
    def _keys(self, inputs: Inputs, auxiliary: Momentum) -> Tensor:
        """Return (batch, hidden) keys."""
        cut = chunks(Side(inputs), self.chunk_size)
        parts = []
        for chunk in cut:
            states, _ = self.states(auxiliary.encoder, chunk.side)
            parts.append(auxiliary.key(auxiliary.encoder.pool(states, chunk.side.inputs, self.pooling)))
        return in_order(cut, parts)


class Momentum(Frozen):
    """A copy of an encoder that follows it slowly, both projections, and a queue of keys.

    Args:
        encoder: the encoder to copy.
        queue_size: capacity of the queue.
    """

    queue: Tensor
    length: Tensor
    place: Tensor

    def __init__(self, encoder: Encoder, queue_size: int) -> None:
        super().__init__(encoder)
        width = encoder.hidden_size
        self.query = nn.Linear(width, width, bias=False)
        nn.init.normal_(self.query.weight, std=0.02)
        self.key = copy.deepcopy(self.query).requires_grad_(False)
        self.register_buffer("queue", torch.zeros(queue_size, width))
        self.register_buffer("length", torch.tensor(0))
        self.register_buffer("place", torch.tensor(0))
        self.waiting: Tensor | None = None
        """Keys of the current step, of all processes, (keys, hidden); None between steps."""

    @property
    def encoder(self) -> Encoder:
        """The copy."""
        return self._encoder

    @property
    def queued(self) -> Tensor:
        """The keys in the queue, (keys, hidden), in no particular order."""
        return self.queue[: int(self.length)]

    def enqueue(self) -> None:
        """Overwrite the oldest keys with those of the step."""
        if self.waiting is None:
            return
        size = len(self.queue)
        keys = self.waiting[-size:]
        self.queue[(self.place + torch.arange(len(keys), device=keys.device)) % size] = keys
        self.place.add_(len(keys)).remainder_(size)
        self.length.add_(len(keys)).clamp_(max=size)
        self.waiting = None

    def follow(self, encoder: Encoder, momentum: float) -> None:
        """Move the weights toward the encoder's, and the key projection toward that of the queries."""
        for own, other in ((self.model, encoder.base), (self.key, self.query)):
            for mine, theirs in zip(own.parameters(), other.parameters(), strict=True):
                mine.lerp_(theirs, 1 - momentum)


def mixed(model: Encoder, pairs: Sequence[TokenPair], generator: torch.Generator) -> list[TokenPair]:
    """Return pairs of two texts joined on each side, in random order per side; an odd last pair is left unchanged."""
    joined = []
    for first, second in zip(pairs[::2], pairs[1::2], strict=False):
        swap_source, swap_target = torch.randint(2, (2,), generator=generator).tolist()
        source = _join(model, first.source, second.source, swap=swap_source)
        joined.append(TokenPair(source, _join(model, first.target, second.target, swap=swap_target)))
    return [*joined, *pairs[len(joined) * 2 :]]


def _join(model: Encoder, first: Tokens, second: Tokens, *, swap: bool) -> Tokens:
    return model.join(second, first) if swap else model.join(first, second)
