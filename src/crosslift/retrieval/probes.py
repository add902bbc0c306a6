"""Probes of an encoder after each stage: are translations each other's nearest neighbours?

Retrieval before and after every stage complements the transfer gap, since better retrieval alone does not imply
better transfer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crosslift.api.examples import Example, RetrievalExample, texts
from crosslift.data.parallel import shared_ids
from crosslift.encoder.encoder import Encoder
from crosslift.retrieval.embedder import sentence_vectors
from crosslift.retrieval.language_bias import bias_rows, over_partners
from crosslift.retrieval.search import both_ways
from crosslift.retrieval.vectors import Vectors

PROBE_SENTENCES = 200


def parallel_texts(
    by_language: Mapping[str, Sequence[Example]], source: str | None = None
) -> dict[str, list[tuple[str, str]]]:
    """Return (id, text) of the first `PROBE_SENTENCES` ids that every language of a parallel task has.

    Args:
        by_language: the task's examples; languages that share no ids with another language are left out.
        source: the source language, whose sentences are the source side of retrieval examples.
    """
    first = {code: {example.id: _text(example) for example in rows} for code, rows in by_language.items()}
    pairs = [example for example in next(iter(by_language.values()), ()) if isinstance(example, RetrievalExample)]
    if pairs and source is not None:
        first = {source: {example.id: example.source for example in pairs}, **first}
    languages, shared = shared_ids(first)
    # Premises repeat (three hypotheses each), and a text that occurs twice has no single translation.
    chosen, seen = [], set()
    for key in shared:
        text = first[languages[0]][key]
        if text not in seen:
            seen.add(text)
            chosen.append(key)
    return {code: [(key, first[code][key]) for key in chosen[:PROBE_SENTENCES]] for code in languages}


def _text(example: Example) -> str:
    return example.target if isinstance(example, RetrievalExample) else texts(example)[0]


def measures(space: Mapping[str, Vectors], source: str, stage: str) -> list[dict[str, Any]]:
    """Return the rows of results.json about a space: retrieval, rank distance, embedding consistency.

    Args:
        space: (sentences, hidden) by language.
        source: the source language.
        stage: the stage that the encoder comes from.
    """
    return [*retrieval(space, source, stage), *bias_rows(space, source, stage)]


def vectors(encoder: Encoder, parallel: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, Vectors]:
    """Return normalized mean states of the last layer, (sentences, hidden), by language."""
    return {
        code: sentence_vectors(encoder, [text for _, text in rows], language=code) for code, rows in parallel.items()
    }


def retrieval(space: Mapping[str, Vectors], source: str, stage: str) -> list[dict[str, Any]]:
    """Return the rows of retrieval accuracy by target language: the mean of both directions, in percent.

    Where the source is not in the space, the accuracy is the mean over all other languages.

    Args:
        space: (sentences, hidden) by language.
        source: the source language.
        stage: the stage that the encoder comes from.
    """
    items = len(next(iter(space.values()), ()))
    found = over_partners(space, source, _found)
    return [
        {"stage": stage, "language": code, "metric": "retrieval", "value": value, "items": items}
        for code, value in found.items()
    ]


def _found(first: Vectors, second: Vectors) -> float:
    gold = np.arange(len(first))
    ways = both_ways(first, second, 1, search="exact")
    return 50 * sum(float(np.mean(way.rows[:, 0] == gold)) for way in ways)


def save_vectors(
    path: Path, space: Mapping[str, Vectors], parallel: Mapping[str, Sequence[tuple[str, str]]], stage: str
) -> None:
    """Write vectors with their languages, ids and texts, for the map in the report.

    Args:
        path: the file to write.
        space: (sentences, hidden) by language.
        parallel: (id, text) of the same sentences by language.
        stage: the stage that the encoder comes from.
    """
    rows = [(code, key, text) for code, pairs in parallel.items() for key, text in pairs]
    languages, ids, sentences = zip(*rows, strict=True)
    np.savez_compressed(
        path,
        vectors=np.concatenate([space[code] for code in parallel]).astype(np.float16),
        languages=np.array(languages),
        ids=np.array(ids),
        texts=np.array(sentences),
        stage=np.array(stage),
    )
