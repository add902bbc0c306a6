"""Small corpora for the word aligner's tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numba
import numpy as np
import pytest

from crosslift.lab.world import LabPair, World
from crosslift.wordalign.corpus import Corpus, Reader, Vocabulary
from crosslift.wordalign.expectation import Expectation, Lexical
from crosslift.wordalign.slots import Slots, number

Texts = list[tuple[str, str]]
HANDMADE = [
    ("a b c", "x y z"),
    ("b", "y"),
    ("c c a", "z z"),  # the same word twice
    ("d", "u v w x y z"),
    ("a b d a b", "v"),
    ("e b a d c b", "z y x w v u t"),
]
two_threads = pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one thread only")


@cache
def lab(count: int = 200, target: str = "qad", seed: int = 0) -> tuple[LabPair, ...]:
    """Pairs of the lab, which come with gold links."""
    return tuple(World(0).bitext("qaa", target, count, seed=seed))


def texts(pairs: Iterable[LabPair]) -> Texts:
    return [(pair.source, pair.target) for pair in pairs]


def random_texts(count: int, *, types: int = 400, longest: int = 40, seed: int = 0) -> Texts:
    """Text with long sentences, so that it needs many blocks."""
    rng = np.random.default_rng(seed)

    def sentence(letter: str) -> str:
        return " ".join(f"{letter}{kind}" for kind in rng.integers(0, types, rng.integers(1, longest + 1)))

    return [(sentence("s"), sentence("t")) for _ in range(count)]


def read(pairs: Texts) -> tuple[Corpus, Slots, tuple[list[str], list[str]]]:
    vocabularies = (Vocabulary(), Vocabulary())
    corpus = Reader(*vocabularies, max_length=500).read((a.split(), b.split()) for a, b in pairs)
    words = (list(vocabularies[0]), list(vocabularies[1]))
    return corpus, number(corpus, *map(len, words)), words


def random_lexical(slots: Slots, words: tuple[Sequence[str], Sequence[str]], *, seed: int = 0) -> Lexical:
    rng = np.random.default_rng(seed)
    sizes = ((len(slots), 2), len(words[0]), len(words[1]))
    # Most probabilities of a real table are tiny.
    return Lexical(*((rng.random(size) ** 6 + 1e-12).astype(np.float32) for size in sizes), 0.08)


def expected(pairs: Texts, model: Any, *, threads: int = 1, seed: int = 0) -> Any:
    """What one E-step over random probabilities expects."""
    corpus, slots, words = read(pairs)
    lexical = random_lexical(slots, words, seed=seed)
    return Expectation(corpus, slots, threads=threads).run(model, lexical, decode=True)
