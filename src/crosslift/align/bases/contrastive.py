"""Bases of contrastive objectives: pairs of inputs, negatives of all processes, and batches of any size.

A batch whose activations do not fit into memory is embedded twice (gradient caching; Gao et al. 2021, arXiv
2101.06983): once without a graph, chunk by chunk, for the vectors and the gradients of the loss at them; and once with
a graph, chunk by chunk, to backpropagate these gradients to the weights.  Both passes use the same dropout, so the
gradients are those of the whole batch.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs, TokenPair
from crosslift.encoder.pooling import Pooling
from crosslift.errors import RecipeError
from crosslift.train.all_gather import gather, rank_offset
from crosslift.train.batch import Batch
from crosslift.train.method import Backward, Method, Terms


@dataclass(frozen=True)
class Side(Batch):
    """One side of a batch, from which vectors are computed."""

    inputs: Inputs
    masked: Inputs | None = None
    """The same texts with masked tokens, for a term other than the contrast; `inputs` may be masked instead."""
    word: Tensor | None = None
    """(batch, 2), token positions of a chosen word: the first, and the one past the last."""

    @property
    def masked_inputs(self) -> Inputs:
        """The inputs with masked tokens, if any have."""
        return self.inputs if self.masked is None else self.masked

    @property
    def num_masked(self) -> int:
        """The number of masked tokens."""
        targets = self.masked_inputs.targets
        return 0 if targets is None else int((targets != IGNORED).sum())


@dataclass(frozen=True)
class PairBatch(Batch):
    """The two sides of sentence pairs, row by row."""

    source: Inputs
    target: Inputs
    masked_source: Inputs | None = None
    masked_target: Inputs | None = None
    source_word: Tensor | None = None
    target_word: Tensor | None = None
    identity: Tensor | None = None
    """(batch, 2), equal numbers where source or target sentences are equal; None where duplicates do not matter."""

    @property
    def sides(self) -> tuple[Side, Side]:
        """Source and target."""
        return (
            Side(self.source, self.masked_source, self.source_word),
            Side(self.target, self.masked_target, self.target_word),
        )


def identity(pairs: Sequence[TokenPair]) -> Tensor:
    """Return a hash of each source and target sentence, (pairs, 2), the same for the same tokens."""
    return torch.tensor([[hash(pair.source.ids), hash(pair.target.ids)] for pair in pairs])


def duplicates(own: Tensor, others: Tensor) -> Tensor:
    """Return which pairs have a sentence in common, (batch, others) bool.

    Args:
        own: (batch, 2), see `identity`.
        others: (others, 2).
    """
    return (own[:, None] == others[None]).any(dim=-1)


class Contrastive(Method):
    """An objective that compares vectors of the rows of a batch."""

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "bitext"
    splittable: ClassVar[bool] = False
    gathers: ClassVar[bool] = True

    pooling: Pooling = Field("mean", description="pooling of the states to a sentence vector")
    chunk_size: int | None = Field(
        None, gt=0, description="rows to embed at a time, to bound memory: one more forward pass, the same gradients"
    )

    @property
    def vectors_by(self) -> str:
        """The pooling of the vectors, as `pooling` in `[[evaluate]]` names it."""
        return self.pooling

    def sides(self, batch: Any) -> Sequence[Side]:
        """Return the sides that the model embeds."""
        sides: Sequence[Side] = batch.sides
        return sides

    def states(self, model: Encoder, side: Side) -> tuple[Tensor, Tensor]:
        """Return the states of the vectors and those of the last layer, both (batch, length, hidden)."""
        last = model.encode(side.inputs)
        return last, last

    def vectors(self, model: Encoder, side: Side, states: Tensor, auxiliary: Any) -> Tensor:
        """Return the vectors, (batch, hidden), given states (batch, length, hidden).

        Trained parts of the auxiliary module belong here, since this is called again for each chunk.
        """
        del auxiliary
        return model.pool(states, side.inputs, self.pooling)

    def other_terms(self, model: Encoder, side: Side, last: Tensor) -> Terms:
        """Return additional terms, scalar means over the masked tokens of a side.

        Args:
            model: the encoder.
            side: the side.
            last: (batch, length, hidden), states of the last layer.
        """
        del model, side, last
        return {}

    @abstractmethod
    def contrast(self, model: Encoder, vectors: Sequence[Tensor], batch: Any, auxiliary: Any) -> Terms:
        """Return the loss, a scalar, given the vectors of each side, (batch, hidden)."""

    def loss(self, model: Encoder, batch: Any, auxiliary: Any = None) -> Terms:
        """Return the terms of `contrast` and the additional ones, each a scalar."""
        vectors: list[Tensor] = []
        total: dict[str, Tensor] = {}
        for side in self.sides(batch):
            cut = chunks(side, self.chunk_size)
            embedded = [self._embed(model, chunk, auxiliary) for chunk in cut]
            vectors.append(in_order(cut, [part for part, _ in embedded]))
            for _, terms in embedded:
                _add(total, terms)
        return {**self.contrast(model, vectors, batch, auxiliary), **total}

    def step(self, model: Encoder, batch: Batch, backward: Backward, auxiliary: nn.Module | None = None) -> Terms:
        """Compute the loss and its gradients, in chunks if the batch is larger than one."""
        if self.chunk_size is None or len(batch) <= self.chunk_size:
            return super().step(model, batch, backward, auxiliary)
        sides = [chunks(side, self.chunk_size) for side in self.sides(batch)]
        vectors = [self._embed_without_graph(model, cut, auxiliary) for cut in sides]
        terms = self.contrast(model, vectors, batch, auxiliary)
        backward(terms)
        total = {name: value.detach() for name, value in terms.items()}
        for cut, leaf in zip(sides, vectors, strict=True):
            for chunk in cut:
                part, others = self._embed(model, chunk, auxiliary)
                _replace_gradient(part, leaf.grad, chunk.rows)
                backward({"contrast": part.sum(), **others})
                _add(total, {name: value.detach() for name, value in others.items()})
        return total

    def _embed(self, model: Encoder, chunk: Chunk, auxiliary: Any) -> tuple[Tensor, Terms]:
        """Return the vectors of a chunk, and its share of the additional terms."""
        with _repeatable(chunk.seed, model.device):
            states, last = self.states(model, chunk.side)
            vectors = self.vectors(model, chunk.side, states, auxiliary)
            terms = self.other_terms(model, chunk.side, last)
        return vectors, {name: value * chunk.share for name, value in terms.items()}

    @torch.no_grad()
    def _embed_without_graph(self, model: Encoder, cut: Sequence[Chunk], auxiliary: Any) -> Tensor:
        """Return the vectors of a side as leaves of the graph."""
        parts = []
        for chunk in cut:
            with _repeatable(chunk.seed, model.device):
                parts.append(self.vectors(model, chunk.side, self.states(model, chunk.side)[0], auxiliary))
        # Autocast caches cast weights, which before torch 2.10 have no gradient in the second pass.
        torch.clear_autocast_cache()
        return in_order(cut, parts).requires_grad_()


class PairContrastive(Contrastive):
    """A contrast of the two sides of sentence pairs."""

    mask_duplicates: bool = Field(
        False, description="do not use pairs with a sentence in common as each other's negatives"
    )

    def collate(self, model: Encoder, items: Sequence[TokenPair], generator: torch.Generator) -> PairBatch:
        """Pad both sides; draws nothing at random."""
        del generator
        return PairBatch(
            model.collate([pair.source for pair in items]),
            model.collate([pair.target for pair in items]),
            identity=identity(items) if self.mask_duplicates else None,
        )


def candidates(source: Tensor, target: Tensor, own: Tensor | None) -> dict[str, Any]:
    """Return the candidates of a batch, the vectors of all processes, as arguments of the losses.

    Args:
        source: (batch, hidden).
        target: (batch, hidden).
        own: (batch, 2), see `identity`, to exclude duplicates; None to include them.
    """
    return {
        "pool": (gather(source), gather(target)),
        "start": rank_offset(len(source), source.device),
        "excluded": None if own is None else duplicates(own, gather(own)),
    }


def summed_layers(model: Encoder, inputs: Inputs, layers: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return the sum of some hidden states and the last one, both (batch, length, hidden).

    Layer 0 is before the first layer, -1 after the last.

    Raises:
        RecipeError: the encoder has no such layer.
    """
    if set(layers) == {-1}:
        last = model.encode(inputs)
        return last * len(layers), last
    for layer in layers:
        if not -model.layers - 1 <= layer <= model.layers:
            raise RecipeError(
                f"{model.name} has no layer {layer} for the vectors; expected 0 (embeddings) to {model.layers}, or -1 "
                "for the last"
            )
    states = model.hidden_states(inputs)
    return torch.stack([states[layer] for layer in layers]).sum(dim=0), states[-1]


@dataclass(frozen=True)
class Chunk:
    """Rows of a side that are embedded together."""

    rows: Tensor
    """(rows,), their indices in the side."""
    side: Side
    share: float
    """Share of the masked tokens of the side."""
    seed: int | None
    """Seed of dropout; None to use torch's generator."""


def chunks(side: Side, size: int | None) -> list[Chunk]:
    """Split a side into chunks of rows of similar length; without a size it is one chunk."""
    if size is None or len(side) <= size:
        return [Chunk(torch.arange(len(side), device=side.inputs.ids.device), side, share=1.0, seed=None)]
    order = torch.argsort(side.inputs.lengths, stable=True)
    masked = max(1, side.num_masked)
    parts = [(rows, side.select(rows)) for rows in torch.split(order, size)]
    seeds = torch.randint(2**62, (len(parts),)).tolist()
    return [Chunk(rows, part, part.num_masked / masked, seed) for (rows, part), seed in zip(parts, seeds, strict=True)]


def in_order(cut: Sequence[Chunk], parts: Sequence[Tensor]) -> Tensor:
    """Return the vectors of chunks, (rows, hidden) each, in the order of the side, (batch, hidden)."""
    if len(cut) == 1:
        return parts[0]
    return torch.cat(list(parts))[torch.argsort(torch.cat([chunk.rows for chunk in cut]))]


@contextmanager
def _repeatable(seed: int | None, device: torch.device) -> Iterator[None]:
    """Draw dropout from `seed` within the block, and restore the state of torch's generators after it."""
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def _replace_gradient(vectors: Tensor, gradient: Tensor | None, rows: Tensor) -> None:
    """Replace the gradient that reaches the vectors by these rows of `gradient`.

    The gradient already includes the weight that `backward` gives a loss, which must not be applied twice.
    """
    assert gradient is not None
    own = gradient[rows]
    vectors.register_hook(lambda _: own)  # type: ignore[no-untyped-call]


def _add(total: dict[str, Tensor], terms: Terms) -> None:
    for name, value in terms.items():
        total[name] = total[name] + value if name in total else value
