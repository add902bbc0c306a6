"""Words that can replace each other in one language: from a file, word vectors, or the lab.  Imports no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from crosslift.data.lexicon import lab_world
from crosslift.data.word_vectors import WordVectors
from crosslift.errors import DataError
from crosslift.io.text import existing, open_bytes, suffix

Neighbours = Mapping[str, Sequence[str]]
"""The neighbours of each word, without the word itself."""

_BLOCK = 1024


@lru_cache(maxsize=4)
def open_neighbours(where: str, *, count: int, min_cosine: float) -> Neighbours:
    """Return the neighbours that a setting names.

    Args:
        where: "lab" ("lab:1" for world seed 1), where the neighbours of a word are its other forms; a JSON file that
            maps words to lists of words, in the format of Huang et al. 2021 (arXiv 2104.08645); or a file of word
            vectors in the text format of word2vec and fastText.
        count: maximum number of neighbours per word.
        min_cosine: minimum cosine of neighbours in word vectors.

    Raises:
        DataError: no such file, or a malformed one.
    """
    world = lab_world(where)
    if world is not None:
        return {word: words[:count] for word, words in world.word_forms(world.source.code).items()}
    if suffix(Path(where)) == ".json":
        return {word: words[:count] for word, words in read_neighbours(where).items()}
    return nearest_words(WordVectors.read(where), count=count, min_cosine=min_cosine)


def neighbour_files(where: str) -> tuple[str, ...]:
    """Return the file that a setting names; none for the lab."""
    return () if lab_world(where) is not None else (where,)


def read_neighbours(path: Path | str) -> Neighbours:
    """Read a JSON object that maps words to lists of words.

    Raises:
        DataError: the file is not JSON, or not such an object; the message names the word.
    """
    place = existing(path)
    try:
        with open_bytes(place) as file:
            found = json.load(file)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{place}: not JSON: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f'{place}: contains a {type(found).__name__}; expected {{"word": ["neighbour", ...], ...}}')
    for word, words in found.items():
        if not isinstance(words, list) or not all(isinstance(other, str) for other in words):
            raise DataError(f"{place}: the neighbours of '{word}' are {words!r}; expected a list of words")
    return {word: tuple(other for other in dict.fromkeys(words) if other != word) for word, words in found.items()}


def nearest_words(vectors: WordVectors, *, count: int, min_cosine: float) -> Neighbours:
    """Return for each word the other words of highest cosine, best first."""
    units = vectors.matrix / np.maximum(np.linalg.norm(vectors.matrix, axis=1, keepdims=True), 1e-12)
    count = min(count, len(units) - 1)
    found: dict[str, tuple[str, ...]] = {}
    for start in range(0, len(units), _BLOCK):
        cosines = units[start : start + _BLOCK] @ units.T
        cosines[np.arange(len(cosines)), np.arange(start, start + len(cosines))] = -np.inf
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        for row, columns in enumerate(best):
            kept = tuple(vectors.words[column] for column in columns if cosines[row, column] >= min_cosine)
            found[vectors.words[start + row]] = kept
    return found
