"""Word-aligned encoder: the state of a word is pulled to that of its linked word.

The source side is the anchor: target words move to where the frozen encoder has their translations, and a regulariser
keeps the source in place.
Paper: Cao et al. 2020, arXiv 2002.03518; also the L2 objective of Wu & Dredze 2020, arXiv 2010.02537.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from crosslift.align.bases.frozen_copy import Frozen
from crosslift.align.bases.linked_pairs import (
    NO_LINK,
    LinkedBatch,
    LinkList,
    pad_links,
    pick,
    representatives,
    special_links,
    word_links,
    words_of,
)
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair, Tokens, pad
from crosslift.train.method import Method, Terms


@dataclass(frozen=True)
class AnchoredBatch(LinkedBatch):
    """Linked pairs, and the source words that must stay in place."""

    words: Tensor
    """(batch, words), positions of the source words, padded with -1."""
    weight: Tensor
    """(batch,), source words over links of the whole step, the same in all rows, so that parts of a step add up."""


class WordL2(Method):
    """Squared distance between linked words, one side anchored to the frozen encoder.

    The defaults are those of the authors' code: a word is represented by its last subword, its target is the state of
    its translation in the frozen encoder, means are over links and dimensions, and special tokens are linked and kept
    in place too.  In the paper's formula both sides are those of the trained encoder (`anchor = "current"`).  Wu &
    Dredze: `anchor = "current"`, `sum_dimensions`, `regulariser = "parameters"`, no `special_tokens`,
    `subword = "first"`, `skip_identical`.
    """

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "bitext"
    requires: ClassVar[frozenset[str]] = frozenset({"links"})
    paper: ClassVar[str] = "Cao et al. 2020, arXiv 2002.03518"

    anchor: Literal["frozen", "current"] = Field(
        "frozen", description="the encoder whose source states attract the target words; current moves both sides"
    )
    regulariser: Literal["states", "parameters"] = Field(
        "states", description="what is kept close to the frozen encoder: source states, or all parameters"
    )
    regulariser_weight: float = Field(1.0, ge=0, description="weight of the regulariser")
    sum_dimensions: bool = Field(False, description="sum the squared distance over dimensions instead of averaging it")
    special_tokens: bool = Field(True, description="link the special tokens of both sides too")
    subword: Literal["first", "last"] = Field("last", description="the subword that represents a word")
    skip_identical: bool = Field(False, description="ignore links between equal words")

    def auxiliary_module(self, model: Encoder) -> Frozen:
        """Return a copy of the encoder before the first step."""
        return Frozen(model)

    def collate(self, model: Encoder, items: Sequence[TokenPair], generator: torch.Generator) -> AnchoredBatch:
        """Pad both sides and find the words; draws nothing at random."""
        del generator
        links = pad_links([self._links(pair) for pair in items])
        words = pad([self._words(pair.source) for pair in items], NO_LINK)
        count = int((links[..., 0] != NO_LINK).sum())
        return AnchoredBatch(
            source=model.collate([pair.source for pair in items]),
            target=model.collate([pair.target for pair in items]),
            links=links,
            words=words,
            weight=torch.full((len(items),), self._count(words) / max(1, count)),
        )

    def num_targets(self, batch: AnchoredBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return the number of source words."""
        return self._count(batch.words)

    def loss(self, model: Encoder, batch: AnchoredBatch, auxiliary: Frozen) -> Terms:  # type: ignore[override]
        """Return the mean squared distance of linked words and the regulariser, each a scalar."""
        source, target = model.encode(batch.source), model.encode(batch.target)
        # With anchor "current" and regulariser "parameters", frozen states are not used.
        frozen = auxiliary.encode(batch.source) if self.anchor == "frozen" or self.regulariser == "states" else source
        count = max(1, self.num_targets(batch))
        anchor = frozen if self.anchor == "frozen" else source
        apart = self._distances(pick(target, batch.links[..., 1]), pick(anchor, batch.links[..., 0])).sum()
        terms = {"align": batch.weight[0] * apart / count}
        if self.regulariser == "parameters":
            return terms | {"regulariser": self.regulariser_weight * auxiliary.distance(model)}
        moved = self._distances(pick(source, batch.words), pick(frozen, batch.words)).sum()
        return terms | {"regulariser": self.regulariser_weight * moved / count}

    def _distances(self, states: Tensor, anchors: Tensor) -> Tensor:
        """Return the squared distances, (n,), of states and anchors, both (n, hidden)."""
        squares = (states.float() - anchors.float()).square()
        return squares.sum(dim=-1) if self.sum_dimensions else squares.mean(dim=-1)

    def _links(self, pair: TokenPair) -> LinkList:
        links = word_links(pair, which=self.subword, skip_identical=self.skip_identical)
        return links + special_links(pair) if self.special_tokens else links

    def _words(self, tokens: Tokens) -> list[int]:
        words = list(representatives(words_of(tokens), self.subword).values())
        specials = [place for place, special in enumerate(tokens.special) if special]
        return words + specials if self.special_tokens else words

    def _count(self, words: Tensor) -> int:
        return int((words != NO_LINK).sum())
