"""Word contrast: among all linked words of the batch, a word must be closest to its partner.

The candidates of weak contrast are words of the other language, those of strong contrast words of both.  The states are
projected for the stage only, and a regulariser keeps the parameters close to their initial values.
Paper: Wu & Dredze 2020, arXiv 2010.02537.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from crosslift.align.bases.frozen_copy import Frozen
from crosslift.align.bases.linked_pairs import NO_LINK, LinkedBatch, pad_links, pick, word_links
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair
from crosslift.losses import info_nce
from crosslift.train.all_gather import gather, rank_offset
from crosslift.train.method import Method, Terms


class ProjectionAndAnchor(nn.Module):
    """The projection, and the frozen encoder of the regulariser, if there is one."""

    def __init__(self, projection: nn.Module, frozen: Frozen | None) -> None:
        super().__init__()
        self.projection = projection
        self.frozen = frozen


class WordContrastive(Method):
    """InfoNCE over linked words, weak or strong, with a regulariser on the parameters.

    The defaults are those of the authors' code: a word is represented by its first subword, links between equal words
    are ignored, and only one-to-one links are used.
    """

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "bitext"
    requires: ClassVar[frozenset[str]] = frozenset({"links"})
    splittable: ClassVar[bool] = False
    gathers: ClassVar[bool] = True
    paper: ClassVar[str] = "Wu & Dredze 2020, arXiv 2010.02537"

    contrast: Literal["weak", "strong"] = Field(
        "strong", description="candidates: linked words of the other language, or of both"
    )
    temperature: float = Field(0.1, gt=0, description="divides the cosines; smaller is sharper")
    projection: int | None = Field(128, gt=0, description="width of the projection; none: compare the states")
    regulariser_weight: float = Field(
        1.0, ge=0, description="weight of the parameters' distance from their initial values"
    )
    subword: Literal["first", "last"] = Field("first", description="the subword that represents a word")
    skip_identical: bool = Field(True, description="ignore links between equal words")

    def auxiliary_module(self, model: Encoder) -> ProjectionAndAnchor:
        """Return a new projection, and a copy of the encoder before the first step."""
        width = model.hidden_size
        projection: nn.Module = nn.Identity()
        if self.projection is not None:
            projection = nn.Sequential(
                nn.Linear(width, width, bias=False), nn.ReLU(), nn.Linear(width, self.projection, bias=False)
            )
        return ProjectionAndAnchor(projection, Frozen(model) if self.regulariser_weight else None)

    def collate(self, model: Encoder, items: Sequence[TokenPair], generator: torch.Generator) -> LinkedBatch:
        """Pad both sides and find the linked words; draws nothing at random."""
        del generator
        return LinkedBatch(
            source=model.collate([pair.source for pair in items]),
            target=model.collate([pair.target for pair in items]),
            links=pad_links(
                [word_links(pair, which=self.subword, skip_identical=self.skip_identical) for pair in items]
            ),
        )

    def num_targets(self, batch: LinkedBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return the number of links."""
        return int((batch.links[..., 0] != NO_LINK).sum())

    def loss(self, model: Encoder, batch: LinkedBatch, auxiliary: ProjectionAndAnchor) -> Terms:  # type: ignore[override]
        """Return the contrast over all links of the batch and the regulariser, each a scalar."""
        source = auxiliary.projection(pick(model.encode(batch.source), batch.links[..., 0]))
        target = auxiliary.projection(pick(model.encode(batch.target), batch.links[..., 1]))
        terms = {"contrast": self._contrast(source, target)}
        if auxiliary.frozen is None:
            return terms
        return terms | {"regulariser": self.regulariser_weight * auxiliary.frozen.distance(model)}

    def _contrast(self, source: Tensor, target: Tensor) -> Tensor:
        """Return the mean over the links of this process, a scalar; those of all processes are candidates."""
        losses = info_nce(
            source,
            target,
            temperature=self.temperature,
            same_language_negatives=self.contrast == "strong",
            reduction="none",
            pool=(gather(source), gather(target)),
            start=rank_offset(len(source), source.device),
        )
        return losses.sum() / max(1, len(losses))
