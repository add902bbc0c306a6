"""Word links of a bitext as links between tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, get_args

import numpy as np
import pytest

from crosslift.data.bitext import Bitext
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.errors import DataError, RecipeError
from crosslift.lab import World
from crosslift.pipeline.inputs import word_links
from crosslift.pipeline.inputs.word_links import pair_links, positions, shuffled
from crosslift.recipe import BitextTable
from crosslift.wordalign.settings import Symmetrization

PAIRS = [
    ("The cat sleeps on the red mat.", "Die Katze schläft auf der roten Matte."),
    ("A man reads", "Ein Mann liest"),
]
LINKS = [tuple((i, i) for i in range(7)), ((0, 0), (1, 1), (2, 2))]


@pytest.fixture(scope="module")
def encoder(checkpoint: Callable[[str], Path]) -> Encoder:
    return Encoder.load(checkpoint("bert"))


def bitext(links: Sequence[Any] | None = LINKS) -> Bitext:
    return Bitext.from_pairs(PAIRS, languages=("en", "de"), links=links)


def sides(encoder: Encoder, *, words: bool = True, longest: int = 60) -> list[tuple[Tokens, Tokens]]:
    columns = zip(*PAIRS, strict=True)
    if words:
        rows = [encoder.tokenize_words([text.split() for text in texts], max_length=longest) for texts in columns]
    else:
        rows = [encoder.tokenize(texts, max_length=longest) for texts in columns]
    return list(zip(*rows, strict=True))


def links_of(encoder: Encoder, given: Bitext, longest: int = 60, **table: Any) -> list[tuple[tuple[int, int], ...]]:
    settings = BitextTable(**table)
    rows = sides(encoder, words=settings.links != "subwords", longest=longest)
    return pair_links(encoder, given, rows, settings, longest=longest, seed=0)


def test_first_subwords_of_linked_words_are_linked(encoder: Encoder) -> None:
    for (source, target), links, words in zip(sides(encoder), links_of(encoder, bitext()), LINKS, strict=True):
        assert len(links) == len(words)
        for (i, j), (word, other) in zip(links, words, strict=True):
            assert source.words is not None
            assert target.words is not None
            assert i == source.words.index(word)
            assert j == target.words.index(other)


def test_equal_links_all_subwords_of_words_with_equally_many(encoder: Encoder) -> None:
    equal = links_of(encoder, bitext(), link_subwords="equal")
    for (source, target), links, words in zip(sides(encoder), equal, LINKS, strict=True):
        wanted = []
        for word, other in words:
            subwords = [
                [k for k, owner in enumerate(side.words or ()) if owner == w]
                for side, w in ((source, word), (target, other))
            ]
            if len(subwords[0]) == len(subwords[1]):
                wanted += zip(*subwords, strict=True)
        assert list(links) == wanted
    assert equal != links_of(encoder, bitext())


def test_what_was_cut_off_is_not_linked(encoder: Encoder) -> None:
    longest = 8
    cut = links_of(encoder, bitext(), longest)
    assert cut[0]
    assert all(i < longest - 1 and j < longest - 1 for row in cut for i, j in row)
    source = sides(encoder, longest=longest)[0][0]
    assert source.words_fitted - 1 == len(positions(source, longest))  # the last word may have lost subwords


def test_wrong_links_are_named(encoder: Encoder) -> None:
    with pytest.raises(DataError, match=r"en-de, pair 2: link 2-3, but the sides have 3 and 3"):
        links_of(encoder, bitext([((0, 0),), ((2, 3),)]))
    with pytest.raises(RecipeError, match="has no word links"):
        links_of(encoder, bitext(None), links="given")


def test_shuffled_links_are_those_of_another_pair() -> None:
    num_targets = [(["a"] * n, ["b"] * n) for n in range(1, 40)]
    links = [((0, 0), (n - 1, n - 1)) for n in range(1, 40)]
    found = shuffled(links, num_targets, np.random.default_rng(0))
    assert found == shuffled(links, num_targets, np.random.default_rng(0))
    for row, own, (source, target) in zip(found, links, num_targets, strict=True):
        assert row != own or len(source) == 1
        assert all(i < len(source) and j < len(target) for i, j in row)


class Diagonal:
    """A replacement of the aligner that links unit k to unit k."""

    fitted: ClassVar[list[Any]]

    def fit_align(self, pairs: Sequence[Any], *, symmetrize: str) -> Iterator[SimpleNamespace]:
        assert symmetrize == "one-to-one"
        type(self).fitted = list(pairs)
        return (SimpleNamespace(links=tuple((k, k) for k in range(min(map(len, pair))))) for pair in pairs)


@pytest.mark.parametrize("links", [None, "aligner", "subwords"])
def test_the_aligner_gets_words_or_subwords(encoder: Encoder, monkeypatch: pytest.MonkeyPatch, links: Any) -> None:
    monkeypatch.setattr(word_links, "_aligner", lambda _table: Diagonal())
    found = links_of(encoder, bitext(None), links=links)
    if links == "subwords":
        source, target = sides(encoder, words=False)[1]
        wanted = [encoder.tokenizer.convert_ids_to_tokens(list(side.ids[1:-1])) for side in (source, target)]
        assert Diagonal.fitted[1] == tuple(wanted)
        assert found[1] == tuple((k, k) for k in range(1, min(len(source), len(target)) - 1))
    else:
        assert Diagonal.fitted[1] == (["A", "man", "reads"], ["Ein", "Mann", "liest"])
        assert found == links_of(encoder, bitext())


def test_recipes_know_every_symmetrisation() -> None:
    from crosslift.wordalign.symmetrization import SYMMETRIZATIONS

    assert get_args(Symmetrization) == SYMMETRIZATIONS


@pytest.mark.slow
def test_the_aligner_finds_most_of_the_labs_links(encoder: Encoder) -> None:
    world = World(seed=0)
    pairs = world.bitext("qaa", "qaf", 1_500)
    texts = [(pair.source, pair.target) for pair in pairs]
    gold, blank = (
        Bitext.from_pairs(texts, languages=("qaa", "qaf"), links=links) for links in ([p.links for p in pairs], None)
    )
    rows = [tuple(encoder.tokenize_words([text.split()], max_length=60)[0] for text in pair) for pair in texts]
    wanted, found = (pair_links(encoder, each, rows, BitextTable(), longest=60, seed=0) for each in (gold, blank))  # type: ignore[arg-type]
    right = sum(len(set(one) & set(other)) for one, other in zip(wanted, found, strict=True))
    assert right / sum(map(len, found)) > 0.9
    assert right / sum(map(len, wanted)) > 0.8
