"""Hybrid batches: a dual encoder trained on a random mixture of monolingual and cross-lingual batches.

In a monolingual batch all queries and passages are in one language, drawn uniformly from the available ones; in a
cross-lingual batch a query and its passage are in different languages, and languages are mixed.  `alpha` is the share
of monolingual batches: 0, 0.5 and 1 are the paper's X-Y, hybrid and X-X.  Only the batches differ, never the loss.

A sentence pair serves as a query and its passage: translations in a cross-lingual batch; in a monolingual batch the
sentence is its own passage, with different dropout (Gao et al. 2021, arXiv 2104.08821).  From Python, items may be
`QueryPassage` instead.  A monolingual batch is drawn from all sentences of its language, each once, so it is as large
as the others even if the language has few pairs.

The paper adds mined negatives to those of the batch; here there are only in-batch negatives.  Its formula has no
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

from crosslift.align.bases.contrastive import PairBatch, PairContrastive, candidates, identity
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair, Tokens
from crosslift.losses import info_nce
from crosslift.train.method import Pool, Terms


@dataclass(frozen=True, slots=True)
class QueryPassage:
    """A query and a passage that answers it, each in two languages."""

    query: TokenPair
    passage: TokenPair

    def __len__(self) -> int:
        """Return the average number of tokens in a batch: query and passage in one language each."""
        return (len(self.query) + len(self.passage)) // 2


class HybridBatch(PairContrastive):
    """InfoNCE from queries to passages, in monolingual and cross-lingual batches."""

    paper: ClassVar[str] = "Elmahdy et al. 2024, arXiv 2408.10536"

    alpha: float = Field(0.5, ge=0, le=1, description="share of monolingual batches")
    temperature: float = Field(0.01, gt=0, description="divides the cosines; small is sharp")
    query_prefix: str = Field("Query: ", description="put before each query")
    passage_prefix: str = Field("Passage: ", description="put before each passage")

    def pools(self, items: Sequence[TokenPair | QueryPassage]) -> list[Pool]:
        """Return the pool of all items, for cross-lingual batches, and one pool per language."""
        mixed = Pool(items, 1 - self.alpha)
        if self.alpha == 0:
            return [mixed]
        monolingual = by_language(items)
        return [mixed, *(Pool(rows, self.alpha / len(monolingual)) for rows in monolingual.values())]

    def collate(
        self, model: Encoder, items: Sequence[TokenPair | QueryPassage], generator: torch.Generator
    ) -> PairBatch:
        """Draw which side of each item is the query, the other being its passage, and add the prefixes."""
        pairs = across_languages([_query_passage(item) for item in items], generator)
        queries = prefixed(model, [pair.source for pair in pairs], self.query_prefix)
        passages = prefixed(model, [pair.target for pair in pairs], self.passage_prefix)
        known = identity(pairs) if self.mask_duplicates else None
        return PairBatch(model.collate(queries), model.collate(passages), identity=known)

    def contrast(self, model: Encoder, vectors: Sequence[Tensor], batch: PairBatch, auxiliary: Any) -> Terms:
        """Return InfoNCE, a scalar, given vectors (batch, hidden) of queries and passages.

        Queries are the anchors; the other passages, of all processes, are the negatives.
        """
        del model, auxiliary
        source, target = vectors
        compared = candidates(source, target, batch.identity)
        return {"hybrid_batch": info_nce(source, target, temperature=self.temperature, symmetric=False, **compared)}


def by_language(items: Sequence[TokenPair | QueryPassage]) -> dict[str, list[QueryPassage]]:
    """Return the distinct items of each language, with query and passage in that language."""
    found: dict[str, dict[QueryPassage, None]] = {}
    for item in map(_query_passage, items):
        languages = _languages(item)
        for side, language in enumerate(languages):
            monolingual = item if len(set(languages)) == 1 else _one_side(item, side)
            found.setdefault(language, {})[monolingual] = None
    return {language: list(found[language]) for language in sorted(found)}


def across_languages(items: Sequence[QueryPassage], generator: torch.Generator) -> list[TokenPair]:
    """Return a query of each item, in one of its two languages, and the passage in the other."""
    queries = torch.randint(2, (len(items),), generator=generator).tolist()
    return [
        TokenPair(_sides(item.query)[side], _sides(item.passage)[1 - side])
        for item, side in zip(items, queries, strict=True)
    ]


def prefixed(model: Encoder, texts: Sequence[Tokens], prefix: str) -> list[Tokens]:
    """Return the texts with a prefix before their first word, truncated to the maximum length of the model."""
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


def _query_passage(item: TokenPair | QueryPassage) -> QueryPassage:
    return item if isinstance(item, QueryPassage) else QueryPassage(item, item)


def _languages(item: QueryPassage) -> tuple[str, str]:
    """Return the languages of the two sides; a side without one counts as a separate language."""
    return item.query.source.language or "source", item.query.target.language or "target"


def _one_side(item: QueryPassage, side: int) -> QueryPassage:
    query, passage = _sides(item.query)[side], _sides(item.passage)[side]
    return QueryPassage(TokenPair(query, query), TokenPair(passage, passage))


def _sides(pair: TokenPair) -> tuple[Tokens, Tokens]:
    return pair.source, pair.target
