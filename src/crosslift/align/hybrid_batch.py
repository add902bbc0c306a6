"""Hybrid batches: a dual encoder whose batches are in one language or across languages, drawn with a probability.

In a monolingual batch every query and every passage is in one language, drawn uniformly from those at hand; in a
cross-lingual one a query and its passage are in different languages, and languages are mixed.  `alpha` is the share of
monolingual batches: 0, 0.5 and 1 are the paper's X-Y, hybrid and X-X.  Only the batches differ, never the loss.

A sentence pair stands for a query and a passage that say the same: across languages they are translations, in one
language the sentence is its own passage, and dropout alone tells the two apart (Gao et al. 2021, arXiv 2104.08821).
From Python, a stream may hold `QueryPassage` items instead.  A monolingual batch in a language that only some pairs
have is as much smaller; the paper's data has every text in every language.

The paper's triplets have mined negatives beside those of the batch; here the batch's are all.  Its formula prints no
temperature; 0.01 is that of the recipe it follows (Wang et al. 2022, arXiv 2212.03533).
Paper: Elmahdy et al. 2024, arXiv 2408.10536.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from crosslift.align._contrast import PairBatch, PairContrastive, duplicates, identity
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.losses import info_nce
from crosslift.train.method import Terms
from crosslift.train.pairs import TokenPair


@dataclass(frozen=True, slots=True)
class QueryPassage:
    """A query and a passage that answers it, each in two languages."""

    query: TokenPair
    passage: TokenPair

    def __len__(self) -> int:
        return len(self.query) + len(self.passage)


class HybridBatch(PairContrastive):
    """InfoNCE from queries to passages, in batches of one language or across languages."""

    # Each process draws its own kind of batch, so the rows of others may be of the other kind.
    gathers: ClassVar[bool] = False
    paper: ClassVar[str] = "Elmahdy et al. 2024, arXiv 2408.10536"

    alpha: float = Field(0.5, ge=0, le=1, description="share of batches in one language")
    temperature: float = Field(0.01, gt=0, description="divides the cosines; small is sharp")
    query_prefix: str = Field("Query: ", description="put before each query")
    passage_prefix: str = Field("Passage: ", description="put before each passage")

    def collate(
        self, model: Encoder, items: Sequence[TokenPair | QueryPassage], generator: torch.Generator
    ) -> PairBatch:
        """Draw the kind of batch and its texts, and put the prefixes before them."""
        asked = [item if isinstance(item, QueryPassage) else QueryPassage(item, item) for item in items]
        monolingual = float(torch.rand((), generator=generator)) < self.alpha
        pairs = (one_language if monolingual else across_languages)(asked, generator)
        queries = prefixed(model, [pair.source for pair in pairs], self.query_prefix)
        passages = prefixed(model, [pair.target for pair in pairs], self.passage_prefix)
        known = identity(pairs) if self.mask_duplicates else None
        return PairBatch(model.collate(queries), model.collate(passages), identity=known)

    def contrast(self, model: Encoder, vectors: Sequence[Tensor], batch: PairBatch, extra: Any) -> Terms:
        """Return InfoNCE with queries as anchors and the other passages as negatives."""
        del model, extra
        known = batch.identity
        excluded = None if known is None else duplicates(known, known)
        loss = info_nce(*vectors, temperature=self.temperature, symmetric=False, excluded=excluded)
        return {"hybrid_batch": loss}


def one_language(items: Sequence[QueryPassage], generator: torch.Generator) -> list[TokenPair]:
    """Return (query, passage) of the items that have both in a language drawn uniformly from those of the items."""
    known = [_languages(item) for item in items]
    languages = sorted({language for pair in known for language in pair})
    drawn = languages[int(torch.randint(len(languages), (), generator=generator))]
    return [_pair(item, *[pair.index(drawn)] * 2) for item, pair in zip(items, known, strict=True) if drawn in pair]


def across_languages(items: Sequence[QueryPassage], generator: torch.Generator) -> list[TokenPair]:
    """Return a query of each item, in either of its languages, and the passage in the other."""
    queries = torch.randint(2, (len(items),), generator=generator).tolist()
    return [_pair(item, side, 1 - side) for item, side in zip(items, queries, strict=True)]


def prefixed(model: Encoder, texts: Sequence[Tokens], prefix: str) -> list[Tokens]:
    """Return the texts with a prefix before their first word, cut at the end to what the model takes."""
    tokens = model.tokenize([prefix])[0]
    ids = tuple(token for token, special in zip(tokens.ids, tokens.special, strict=True) if not special)
    return [_insert(text, ids, model.max_length) for text in texts]


def _insert(text: Tokens, ids: tuple[int, ...], limit: int) -> Tokens:
    kept = [place for place, special in enumerate(text.special) if not special]
    begin, end = (kept[0], kept[-1] + 1) if kept else (len(text) - 1,) * 2
    cut = max(begin, end - max(0, len(text) + len(ids) - limit))
    count = len(ids)
    return replace(
        text,
        ids=text.ids[:begin] + ids + text.ids[begin:cut] + text.ids[end:],
        special=text.special[:begin] + (False,) * count + text.special[begin:cut] + text.special[end:],
        segments=text.segments[:begin] + (0,) * count + text.segments[begin:cut] + text.segments[end:],
        words=text.words and text.words[:begin] + (-1,) * count + text.words[begin:cut] + text.words[end:],
    )


def _languages(item: QueryPassage) -> tuple[str, str]:
    """Return the languages of the two sides; a side that does not say its language has one of its own."""
    return item.query.source.language or "source", item.query.target.language or "target"


def _pair(item: QueryPassage, query: int, passage: int) -> TokenPair:
    """Return the query in one of its languages, 0 or 1, and the passage in one."""
    return TokenPair(_sides(item.query)[query], _sides(item.passage)[passage])


def _sides(pair: TokenPair) -> tuple[Tokens, Tokens]:
    return pair.source, pair.target
