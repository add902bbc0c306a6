"""Scoring of embedding tasks (retrieval, mining, ranking): from sentence vectors to records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.api.examples import Candidate, Example, MiningExample, RankingExample, RetrievalExample
from crosslift.api.records import Record
from crosslift.data.test_data import TestSet
from crosslift.encoder.encoder import Encoder
from crosslift.errors import DataError
from crosslift.retrieval import mining
from crosslift.retrieval.embedder import Embedder, embedder
from crosslift.retrieval.language_bias import distance
from crosslift.retrieval.ranking import rank
from crosslift.retrieval.search import both_ways, chosen

Predict = Callable[[str, list[Example]], list[Record]]


@dataclass
class Scorer:
    """Makes the records of one test set, language by language."""

    embed: Embedder
    test: TestSet
    source: str
    """The source language of retrieval and mining."""
    search: str = "auto"
    notes: list[str] = field(default_factory=list)
    """Notes about the records, for the user."""
    bias: list[dict[str, Any]] = field(default_factory=list)
    """Rows of results.json: rank distances of a ranking task."""
    _known: tuple[tuple[str, ...], NDArray[np.float32]] | None = field(default=None, repr=False)

    def __call__(self, language: str, examples: list[Example]) -> list[Record]:
        """Return the records of one language."""
        make: dict[str, Predict] = {"retrieval": self._retrieve, "mining": self._mine, "ranking": self._rank}
        return make[self.test.task.task_type](language, examples)

    def _retrieve(self, language: str, examples: list[Example]) -> list[Record]:
        """Find translations both ways; the prediction is XTREME's direction, from the source language."""
        pairs = [example for example in examples if isinstance(example, RetrievalExample)]
        source = self._source_vectors(tuple(pair.source for pair in pairs))
        target = self.embed([pair.target for pair in pairs], language=language)
        forward, backward = both_ways(source, target, 1, search=self.search)
        return [
            {
                "id": pair.id,
                "prediction": pairs[there].id,
                "gold": pair.id,
                "reverse": pairs[back].id,
                "cosine": round(float(cosine), 6),
            }
            for pair, (there,), (back,), (cosine,) in zip(
                pairs, forward.rows, backward.rows, forward.scores, strict=True
            )
        ]

    def _source_vectors(self, texts: tuple[str, ...]) -> NDArray[np.float32]:
        """Return the vectors of source sentences, (texts, hidden); they are often the same for all languages."""
        if self._known is None or self._known[0] != texts:
            self._known = (texts, self.embed(texts, language=self.source))
        return self._known[1]

    def _mine(self, language: str, examples: list[Example]) -> list[Record]:
        """Mine pairs with the threshold that is best on dev."""
        pools = self._mined(language, examples)
        dev = pools if self.test.split == "dev" else self._mined(language, self.test.dev[language])
        threshold = mining.best_threshold(
            [((pool.id, *pair), score) for pool, found in dev for pair, score in found],
            {(pool.id, *pair) for pool, _ in dev for pair in pool.gold or ()},
        )
        where = "the scored pairs themselves" if self.test.split == "dev" else "dev"
        self.notes.append(f"{self.test.task.name} in '{language}': threshold {threshold:.6f}, best on {where}")
        return [record for pool, found in pools for record in _mining_records(pool, found, threshold, len(pools) > 1)]

    def _mined(self, language: str, examples: Iterable[Example]) -> list[tuple[MiningExample, list[Scored]]]:
        return [(pool, self._pairs(language, pool)) for pool in examples if isinstance(pool, MiningExample)]

    def _pairs(self, language: str, pool: MiningExample) -> list[Scored]:
        """Return pairs of ids (source, target) and their scores, best first, of sentences that occur only once."""
        sides = [mining.unique([text for _, text in side]) for side in (pool.target, pool.source)]
        vectors = [self.embed(texts, language=code) for texts, code in zip(sides, (language, self.source), strict=True)]
        self._note_search(language, max(map(len, sides)))
        found = mining.mine(*vectors, search=self.search)
        target, source = mining.identified(pool.target), mining.identified(pool.source)
        texts = (
            (sides[0][row].strip(), sides[1][column].strip())
            for row, column in zip(found.first, found.second, strict=True)
        )
        ids = ((source.get(there), target.get(here)) for here, there in texts)
        return [
            ((own, other), float(score)) for (own, other), score in zip(ids, found.scores, strict=True) if own and other
        ]

    def _note_search(self, language: str, largest: int) -> None:
        if chosen(self.search, largest) == "faiss":
            self.notes.append(
                f"{self.test.task.name} in '{language}': inverted lists were searched for neighbours among {largest:,} "
                'sentences, and miss a few; the search "exact" compares all pairs'
            )

    def _rank(self, language: str, examples: list[Example]) -> list[Record]:
        """Rank the candidates of all languages for each query."""
        queries = [example for example in examples if isinstance(example, RankingExample)]
        vectors = self.embed([each.query for each in queries], language=language, max_length=self.test.task.lengths[0])
        right = [self._right(each) for each in queries]
        ranked = rank(vectors, self._pool, right)
        ids = [candidate.id for candidate in self.test.candidates]
        several = [distance(ranks) for ranks in ranked.ranks if len(ranks) > 1]
        if several:
            row = {"stage": "saved", "language": language, "metric": "rank_distance"}
            self.bias.append({**row, "value": float(np.mean(several)), "items": len(several)})
        return [
            {
                "id": each.id,
                "prediction": [ids[row] for row in best],
                "gold": [ids[row] for row in rows],
                "ranks": ranks,
            }
            for each, best, rows, ranks in zip(queries, ranked.best, right, ranked.ranks, strict=True)
        ]

    def _right(self, query: RankingExample) -> list[int]:
        rows = self._answers.get(query.gold or "", [])
        if not rows:
            name = self.test.task.name
            raise DataError(
                f"{name}: no candidate answers query '{query.id}' (gold '{query.gold}'); is the pool complete?"
            )
        return rows

    @cached_property
    def _answers(self) -> dict[str, list[int]]:
        """The rows of the pool that answer each gold."""
        rows: dict[str, list[int]] = {}
        for row, candidate in enumerate(self.test.candidates):
            for key in candidate.answers:
                rows.setdefault(key, []).append(row)
        return rows

    @cached_property
    def _pool(self) -> NDArray[np.float32]:
        """(candidates, hidden): the candidates' vectors, in order."""
        length = self.test.task.lengths[1]
        parts, order = [], []
        for language, rows in _by_language(self.test.candidates):
            each = [self.test.candidates[row] for row in rows]
            seconds = None if each[0].context is None else [candidate.context or "" for candidate in each]
            texts = [candidate.text for candidate in each]
            parts.append(self.embed(texts, language=language, max_length=length, seconds=seconds))
            order += rows
        pool = np.empty((len(order), parts[0].shape[1]), dtype=np.float32)
        pool[order] = np.concatenate(parts)
        return pool


Scored = tuple[mining.Pair, float]
"""Ids of a pair (source, target), and its score."""


def scorer(encoder: Encoder, test: TestSet, *, source: str, pooling: str = "benchmark", search: str = "auto") -> Scorer:
    """Return the scorer of a test set.

    Args:
        encoder: the encoder whose vectors are scored.
        test: the test set of a task whose type is one of `EMBEDDING_TASKS`.
        source: the source language.
        pooling: a `choices.Pooling`.
        search: a `choices.Search`.

    Raises:
        InputError: no such pooling or search.
        CheckpointError: the checkpoint lacks what the pooling needs.
    """
    chosen(search, 0)
    return Scorer(embedder(encoder, test.task.task_type, pooling), test, source, search)


def _by_language(candidates: Sequence[Candidate]) -> Iterator[tuple[str, list[int]]]:
    rows: dict[str, list[int]] = {}
    for row, candidate in enumerate(candidates):
        rows.setdefault(candidate.language, []).append(row)
    yield from rows.items()


def _mining_records(pool: MiningExample, found: Sequence[Scored], threshold: float, several: bool) -> Iterator[Record]:
    """Yield one record per target sentence, and one more for each gold partner after the first.

    Sentences without a partner have one too, so that the records of two systems are of the same items.
    """
    mined = {pair[1]: (pair[0], score) for pair, score in found if score >= threshold}
    partners: dict[str, list[str]] = {}
    for source, target in pool.gold or ():
        partners.setdefault(target, []).append(source)
    start = f"{pool.id}/" if several else ""
    for target, _ in pool.target:
        predicted, score = mined.get(target, (None, None))
        right = sorted(partners.get(target, []), key=lambda source: source != predicted)
        record = {"id": f"{start}{target}", "prediction": predicted, "gold": right[0] if right else None}
        yield record if score is None else {**record, "score": round(score, 6)}
        for number, source in enumerate(right[1:], start=2):
            yield {"id": f"{start}{target} ({number})", "prediction": None, "gold": source}
