from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import sqrt
from pathlib import Path

import pytest
import torch

from crosslift.align.hybrid_batch import HybridBatch, QueryPassage, across_languages, by_language, prefixed
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair, Tokens
from crosslift.losses import info_nce
from tests.tiny import TEXTS
from tests.unit.align.contrastive import batch_of, pairs, terms_of
from tests.unit.align.linked import generator

TARGETS = ("de", "de", "fr", "sw")


@pytest.fixture
def encoder(checkpoint: Callable[[str], Path]) -> Encoder:
    return Encoder.load(checkpoint("bert")).eval()


def text(number: int, language: str | None) -> Tokens:
    return Tokens((2, number, 3), (True, False, True), (0, 0, 0), language=language)


def items(targets: tuple[str | None, ...] = TARGETS, source: str | None = "en") -> list[QueryPassage]:
    """Return queries 1xx and passages 2xx, in the source language x0x and in the target language x5x."""
    return [
        QueryPassage(
            TokenPair(text(100 + row, source), text(150 + row, target)),
            TokenPair(text(200 + row, source), text(250 + row, target)),
        )
        for row, target in enumerate(targets)
    ]


def numbers(drawn: list[TokenPair]) -> list[tuple[int, int]]:
    return [(pair.source.ids[1], pair.target.ids[1]) for pair in drawn]


def test_a_pool_of_a_language_has_every_text_of_it_once_and_no_other() -> None:
    pools = by_language([*items(), items()[0]])
    assert list(pools) == ["de", "en", "fr", "sw"]
    for language, rows in pools.items():
        drawn = across_languages(rows, generator())
        assert {side.language for pair in drawn for side in (pair.source, pair.target)} == {language}
        place = 0 if language == "en" else 50
        own = [row for row, target in enumerate(TARGETS) if language in ("en", target)]
        assert numbers(drawn) == [(100 + place + row, 200 + place + row) for row in own]


def test_languages_are_drawn_alike_whatever_they_have() -> None:
    across, *alone = HybridBatch(alpha=0.4).pools(items())
    assert (len(across.items), across.share) == (4, 0.6)
    assert {pool.share for pool in alone} == {0.1}
    assert sorted(len(pool.items) for pool in alone) == [1, 1, 2, 4]


def test_across_languages_never_pairs_equal_ones_and_mixes_directions() -> None:
    random = generator()
    directions: Counter[bool] = Counter()
    for _ in range(500):
        for row, pair in enumerate(across_languages(items(), random)):
            assert pair.source.language != pair.target.language
            assert pair.source.ids[1] % 50 == pair.target.ids[1] % 50 == row
            directions[pair.source.language == "en"] += 1
    assert abs(directions[True] - 1000) < 3 * sqrt(2000 / 4)


def test_without_monolingual_batches_there_is_one_pool() -> None:
    (pool,) = HybridBatch(alpha=0).pools(items())
    assert (len(pool.items), pool.share) == (4, 1)


def test_with_one_language_the_samplers_coincide() -> None:
    rows = items(("en", "en"))
    assert by_language(rows) == {"en": rows}


def test_texts_without_a_language_have_the_one_of_their_side() -> None:
    pools = by_language(items((None, None), None))
    drawn = {language: numbers(across_languages(rows, generator())) for language, rows in pools.items()}
    assert drawn == {"source": [(100, 200), (101, 201)], "target": [(150, 250), (151, 251)]}


def test_a_sentence_is_its_own_passage(encoder: Encoder) -> None:
    method = HybridBatch(query_prefix="", passage_prefix="")
    for rows in by_language(pairs(encoder)).values():
        batch = method.collate(encoder, rows, generator())
        assert torch.equal(batch.source.ids, batch.target.ids)
    assert [len(rows) for rows in by_language(pairs(encoder)).values()] == [8, 7]  # one source is there twice


def test_an_item_costs_what_is_read_of_it() -> None:
    (item,) = items(("de",))
    (query, passage) = across_languages([item], generator())[0].source, across_languages([item], generator())[0].target
    assert len(item) == len(query) + len(passage)


def test_queries_are_anchors_of_info_nce(encoder: Encoder) -> None:
    method = HybridBatch(alpha=0, temperature=0.05)
    batch = batch_of(method, encoder)
    vectors = [encoder.pool(encoder.encode(side), side) for side in (batch.source, batch.target)]  # type: ignore[attr-defined]
    expected = info_nce(*vectors, temperature=0.05, symmetric=False)
    torch.testing.assert_close(terms_of(method, encoder, batch), {"hybrid_batch": expected})


def test_prefixes_are_in_the_inputs(encoder: Encoder) -> None:
    method = HybridBatch(query_prefix="A man reads", passage_prefix="Ein Mann")
    batch = method.collate(encoder, pairs(encoder), generator())
    for side, prefix in ((batch.source, "A man reads"), (batch.target, "Ein Mann")):
        ids = list(encoder.tokenize([prefix])[0].ids[1:-1])
        assert side.ids[:, 1 : 1 + len(ids)].tolist() == [ids] * len(side)
        assert not side.special[:, 1 : 1 + len(ids)].any()


def test_a_prefix_is_what_tokenising_it_with_the_text_gives(encoder: Encoder) -> None:
    rows = encoder.tokenize(list(TEXTS))
    together = encoder.tokenize([f"Ein Mann {text}" for text in TEXTS])
    assert prefixed(encoder, rows, "Ein Mann") == together


def test_a_prefix_never_makes_a_text_too_long(encoder: Encoder) -> None:
    long = encoder.tokenize([" ".join(TEXTS) * 3])[0]
    empty = encoder.tokenize([""])[0]
    cut, alone = prefixed(encoder, [long, empty], "Ein Mann")
    count = len(encoder.tokenize(["Ein Mann"])[0]) - 2
    assert len(long) == len(cut) == encoder.max_length
    assert cut.ids[1 + count :] == (*long.ids[1 : -1 - count], long.ids[-1])
    assert cut.special == long.special
    assert alone == encoder.tokenize(["Ein Mann"])[0]
