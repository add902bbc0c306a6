"""Translation: the encoder is trained with a small decoder that generates the other side of a sentence pair.

The decoder is dropped after the stage, as cross-lingual transfer uses only the encoder of a translation model.  Either
side of a pair is the source at random, so the encoder sees every language and must represent them such that one decoder
understands them.
Paper: Siddhant et al. 2020, arXiv 1909.00437 (MMTE).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from crosslift.align.bases.decoder import Decoder, language_tags
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs, TokenPair, Tokens
from crosslift.train.batch import Batch
from crosslift.train.method import Method, Terms


@dataclass(frozen=True)
class TranslationBatch(Batch):
    """Source, target, and the language to generate."""

    source: Inputs
    target: Inputs
    tags: Tensor
    """(batch, letters), see `language_tags`."""


class Translation(Method):
    """Cross-entropy of a translation, generated token by token from the encoder's states.

    A target is its words and the special token after them, without those before them.  Runs on every encoder, with or
    without a masked-LM head.  The paper's decoder is as deep as its encoder; a shallow one leaves more of the work to
    the encoder.
    """

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "bitext"
    paper: ClassVar[str] = "Siddhant et al. 2020, arXiv 1909.00437"

    layers: int = Field(2, ge=1, description="layers of the decoder")
    heads: int = Field(4, ge=1, description="attention heads of the decoder")
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout in the decoder")
    own_embedding: bool = Field(False, description="give the decoder its own word embeddings instead of the encoder's")
    both_directions: bool = Field(True, description="either side is the source at random; else always the first")

    def auxiliary_module(self, model: Encoder) -> Decoder:
        """Return the decoder."""
        return Decoder(
            model,
            layers=self.layers,
            heads=self.heads,
            dropout=self.dropout,
            own_embedding=self.own_embedding,
        )

    def collate(self, model: Encoder, items: Sequence[TokenPair], generator: torch.Generator) -> TranslationBatch:
        """Draw which side is the source, and pad both."""
        turned = (torch.rand(len(items), generator=generator) < 0.5) & self.both_directions
        pairs = [
            (pair.target, pair.source) if turn else (pair.source, pair.target)
            for pair, turn in zip(items, turned.tolist(), strict=True)
        ]
        targets = [target_tokens(target) for _, target in pairs]
        return TranslationBatch(
            model.collate([source for source, _ in pairs]),
            model.collate(targets),
            language_tags([target.language for target in targets]),
        )

    def num_targets(self, batch: TranslationBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return the number of target tokens."""
        return int(batch.target.mask.sum())

    def loss(self, model: Encoder, batch: TranslationBatch, auxiliary: Decoder) -> Terms:  # type: ignore[override]
        """Return the mean cross-entropy of the target tokens, a scalar."""
        logits = auxiliary(model, model.encode(batch.source), batch.source.mask, batch.tags, batch.target)
        targets = batch.target.ids[batch.target.mask.bool()]
        total = functional.cross_entropy(logits.float(), targets, reduction="sum")
        return {"translation": total / max(1, len(targets))}


def target_tokens(tokens: Tokens) -> Tokens:
    """Return a text without the special tokens before it, and with the first one after it, the end of the sequence."""
    ordinary = [place for place, special in enumerate(tokens.special) if not special]
    if not ordinary:
        return tokens
    kept = slice(ordinary[0], ordinary[-1] + 2)
    words = None if tokens.words is None else tokens.words[kept]
    return Tokens(
        tokens.ids[kept], tokens.special[kept], tokens.segments[kept], words, tokens.language, tokens.second_language
    )
