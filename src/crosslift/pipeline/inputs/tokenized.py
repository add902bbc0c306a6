"""Text and bitext as the items that objectives read, tokenized once for all objectives that need the same items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from crosslift.data.bitext import Bitext
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair, Tokens
from crosslift.pipeline.inputs.corpora import Corpus, Text
from crosslift.pipeline.inputs.word_links import pair_links, uses_words
from crosslift.recipe import AlignTable, BitextTable, content_hash
from crosslift.train.health import Health, probe_size
from crosslift.train.method import Method
from crosslift.wordalign import units

Items = tuple[Sequence[Any], Sequence[int]]
"""Items, and the index of the language of each."""

Feed = Callable[[int, Method], Items]
"""Returns the items of an objective, by the index of the objective."""


def text_feed(encoder: Encoder, text: Text, max_length: int) -> Feed:
    """Return the feed of unpaired text."""
    cache: dict[bool, Items] = {}

    def feed(index: int, method: Method) -> Items:
        del index
        words = "words" in method.requires
        if words not in cache:
            cache[words] = _text_items(encoder, text.by_language, max_length, words=words)
        return cache[words]

    return feed


def bitext_feed(encoder: Encoder, corpora: Sequence[Corpus], table: AlignTable, seed: int) -> Feed:
    """Return the feed of sentence pairs, with links if the objective needs them, or of their sides as unpaired text."""
    cache: dict[str, Items] = {}

    def feed(index: int, method: Method) -> Items:
        bitext, links = table.bitexts[index], "links" in method.requires
        words = "words" in method.requires or (links and uses_words(bitext))
        key = content_hash([bitext.model_dump() if links else bitext.read.model_dump(), links, words])
        if key not in cache:
            cache[key] = _pair_items(
                encoder, corpora[index], table.max_length, words=words, links=bitext if links else None, seed=seed
            )
        return cache[key] if method.input_type == "bitext" else _sides(cache[key])

    return feed


def health(encoder: Encoder, corpus: Corpus, table: AlignTable, *, steps: int, batch_size: int) -> Health | None:
    """Return the measurement of the encoder's health on pairs of all languages, or None if there is none."""
    if table.health_every is None or steps == 0:
        return None
    measure = Health(encoder, [], [], table.health_every, stop=table.stop_on_collapse)
    size = probe_size(steps=steps, batch_size=batch_size, probes=measure.probes(steps))
    share = max(2, size // len(corpus.by_language))
    chosen = {code: _spread(bitext, share) for code, bitext in corpus.by_language.items()}
    items, _ = _paired(encoder, corpus.source, chosen, table.max_length, words=False)
    measure.pairs = items
    measure.languages = [(corpus.source, code) for code, pairs in chosen.items() for _ in pairs]
    return measure


def _spread(bitext: Bitext, count: int) -> list[tuple[str, str]]:
    places = np.linspace(0, len(bitext) - 1, min(count, len(bitext))).round()
    return [bitext[int(place)] for place in places]


def _tokens(encoder: Encoder, texts: Sequence[str], *, max_length: int, language: str, words: bool) -> list[Tokens]:
    if words:
        split = [units.words(text) for text in texts]
        return encoder.tokenize_words(split, max_length=max_length, language=language)
    return encoder.tokenize(texts, max_length=max_length, language=language)


def _text_items(encoder: Encoder, text: Mapping[str, Sequence[str]], max_length: int, *, words: bool) -> Items:
    items = [
        _tokens(encoder, sentences, max_length=max_length, language=code, words=words)
        for code, sentences in text.items()
    ]
    return list(chain.from_iterable(items)), _groups(items)


def _pair_items(
    encoder: Encoder, corpus: Corpus, max_length: int, *, words: bool, links: BitextTable | None, seed: int
) -> Items:
    pairs, groups = _paired(encoder, corpus.source, corpus.by_language, max_length, words=words)
    if links is None:
        return pairs, groups
    linked: list[TokenPair] = []
    for bitext in corpus.by_language.values():
        rows = [(pair.source, pair.target) for pair in pairs[len(linked) : len(linked) + len(bitext)]]
        found = pair_links(encoder, bitext, rows, links, longest=min(max_length // 2, encoder.max_length), seed=seed)
        linked += [TokenPair(*sides, row) for sides, row in zip(rows, found, strict=True)]
    return linked, groups


def _paired(
    encoder: Encoder,
    source: str,
    pairs: Mapping[str, Any],
    max_length: int,
    *,
    words: bool,
) -> tuple[list[TokenPair], list[int]]:
    """Return the pairs of all languages, each side truncated to half the length, so that the joined pair fits."""
    items = []
    for code, rows in pairs.items():
        sides = (
            _tokens(encoder, [row[side] for row in rows], max_length=max_length // 2, language=language, words=words)
            for side, language in ((0, source), (1, code))
        )
        items.append([TokenPair(*tokens) for tokens in zip(*sides, strict=True)])
    return list(chain.from_iterable(items)), _groups(items)


def _groups(items: Sequence[Sequence[Any]]) -> list[int]:
    return [group for group, rows in enumerate(items) for _ in rows]


def _sides(items: Items) -> Items:
    """Return both sides of pairs as separate texts."""
    pairs, groups = items
    return [side for pair in pairs for side in (pair.source, pair.target)], [group for group in groups for _ in (0, 1)]
