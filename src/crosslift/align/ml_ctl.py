"""Multi-level contrast: one vector joins a sentence with one of its words in context, so one loss aligns both.

The vector is ``projection([sentence; word])``, where both halves are means over the sum of the states of the first and
the last layer, and the word is one that the word links of the pair align.  The rows of the paper are ML-CTL-CZ (the
defaults), the same with ``loss = "info_nce"`` (its equation 3, not in its table), and ``word = "none"``: CZ-snt and
info-snt.  ``word = "random"`` is the control: two random words instead of two aligned ones.

Where paper, poster and released code differ, the default is the paper and the code is an option: both directions
(``symmetric = false`` for the code's source anchors); contrast on the unmasked inputs (``mask_contrastive_inputs =
true`` for the code, whose masking overwrites them); any linked word, as on the poster (``unique_words = true`` for
words that occur once in their sentences, which the code finds with a list).  The masked-LM head is the checkpoint's
own; the code makes a new one.  Other words of the same sentence may be negatives, as in the code; ``mask_duplicates =
true`` excludes them.
Paper: Chen et al. 2022, arXiv 2202.13083.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, TypeVar

import torch
from pydantic import Field
from torch import Tensor, nn

from crosslift.align.bases.contrastive import PairBatch, Side
from crosslift.align.bases.linked_pairs import Subword, representatives, word_links, words_of
from crosslift.align.sentence_contrastive import Projection, SentenceContrastive
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair, Tokens
from crosslift.encoder.pooling import masked_mean
from crosslift.errors import DataError

Choice = TypeVar("Choice")
ENDS: tuple[Subword, Subword] = ("first", "last")
Span = tuple[int, int]
"""Token positions of a word: the first, and the one past the last."""


class MlCtl(SentenceContrastive):
    """CZ-NCE or InfoNCE on vectors that join a sentence with one of its aligned words.

    Needs word links; pairs without a link are left out of a step.  Needs a masked-LM head unless `mlm_weight` is 0.
    """

    requires: ClassVar[frozenset[str]] = frozenset({"links"})
    term: ClassVar[str] = "ml_ctl"

    contrastive_loss: Literal["info_nce", "cz_nce"] = Field(
        "cz_nce", alias="loss", description="cz_nce omits the positive from the denominator"
    )
    layers: tuple[int, ...] = Field(
        (1, -1), min_length=1, description="hidden states to sum: 0 embeddings, 1 first layer, -1 last"
    )
    projection: bool = Field(True, description="project the vectors by two layers, which are dropped after the stage")
    same_language_negatives: bool = Field(True, description="sentences in the anchor's own language are negatives too")
    mlm_weight: float = Field(0.1, ge=0, description="weight of a masked-language-modelling term on both sides")
    word: Literal["aligned", "random", "none"] = Field(
        "aligned", description="the word to join with: of a link, a random one on each side (a control), or none"
    )
    unique_words: bool = Field(False, description="use only links between words that occur once in their sentences")

    def auxiliary_module(self, model: Encoder) -> nn.Module | None:
        """Return the projection, if there is one."""
        return Projection(model.hidden_size * (1 if self.word == "none" else 2)) if self.projection else None

    def collate(self, model: Encoder, items: Sequence[TokenPair], generator: torch.Generator) -> PairBatch:
        """Pad both sides, mask them, and draw a word of each.

        Raises:
            DataError: the bitext has no links, or no pair of the step has one.
        """
        if self.word == "none":
            return super().collate(model, items, generator)
        chosen = [(pair, self._words(pair, generator)) for pair in items]
        linked = [(pair, words) for pair, words in chosen if words is not None]
        if not linked:
            raise DataError(
                f"ml_ctl: none of the {len(items)} sentence pairs of a step has a linked word; check the word links of "
                "the bitext, or raise `batch_size`"
            )
        batch = super().collate(model, [pair for pair, _ in linked], generator)
        source, target = torch.tensor([words for _, words in linked]).unbind(dim=1)  # (batch, 2) each
        return replace(batch, source_word=source, target_word=target)

    def vectors(self, model: Encoder, side: Side, states: Tensor, auxiliary: Any) -> Tensor:
        """Return the projected vectors of sentences and words, (batch, hidden) or twice as wide."""
        sentence = model.pool(states, side.inputs, self.pooling)
        if side.word is not None:
            sentence = torch.cat([sentence, masked_mean(states, _inside(side.word, states.shape[1]))], dim=1)
        return self.project(sentence, auxiliary)

    def _words(self, pair: TokenPair, generator: torch.Generator) -> tuple[Span, Span] | None:
        """Draw a word of each side; None if the pair has no such words."""
        if self.word == "random":
            source, target = (word_spans(side) for side in (pair.source, pair.target))
            return (_draw(source, generator), _draw(target, generator)) if source and target else None
        links = [link for link in linked_words(pair) if not self.unique_words or _unique(pair, link)]
        return _draw(links, generator) if links else None


def linked_words(pair: TokenPair) -> list[tuple[Span, Span]]:
    """Return the words that the one-to-one links of a pair align, in order.

    Raises:
        DataError: the pair has no links.
    """
    firsts, lasts = (word_links(pair, which=which) for which in ENDS)
    return [((i, last_i + 1), (j, last_j + 1)) for (i, j), (last_i, last_j) in zip(firsts, lasts, strict=True)]


def word_spans(tokens: Tokens) -> list[Span]:
    """Return all words of a text, in order; without known words, every token that is not special is a word."""
    words = words_of(tokens)
    first, last = (representatives(words, which) for which in ENDS)
    return sorted((first[word], last[word] + 1) for word in first)


def _unique(pair: TokenPair, link: tuple[Span, Span]) -> bool:
    return all(_occurrences(side.ids, span) == 1 for side, span in zip((pair.source, pair.target), link, strict=True))


def _occurrences(ids: tuple[int, ...], span: Span) -> int:
    word = ids[slice(*span)]
    return sum(ids[begin : begin + len(word)] == word for begin in range(len(ids)))


def _draw(choices: Sequence[Choice], generator: torch.Generator) -> Choice:
    return choices[int(torch.randint(len(choices), (), generator=generator))]


def _inside(spans: Tensor, length: int) -> Tensor:
    """Return (batch, length) bool: the positions inside (batch, 2) spans."""
    places = torch.arange(length, device=spans.device)
    return (places >= spans[:, :1]) & (places < spans[:, 1:])
