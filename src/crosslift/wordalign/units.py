"""The units of alignment, words separated by spaces or the subwords of a tokenizer, and their normalized forms."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from crosslift.wordalign.settings import AlignerSettings

Units = Callable[[str], Sequence[str]]
"""Splits a text into units."""


def words(text: str) -> list[str]:
    """Return the words of a text, split only at spaces and tabs, as Pharaoh files count them.

    >>> words("a  house")
    ['a', 'house']
    """
    cut = text.replace("\t", " ").split(" ")
    return [word for word in cut if word] if "" in cut else cut


def subwords(tokenizer: Any) -> Units:
    """Return the function that splits a text into the subwords of a transformers tokenizer, without special tokens."""

    def split(text: str) -> list[str]:
        made: list[str] = tokenizer.tokenize(text)
        return made

    return split


def name(tokenizer: Any) -> str:
    """Return the name of the units: words, or the subwords of a tokenizer, identified by its vocabulary."""
    if tokenizer is None:
        return "words"
    vocabulary = json.dumps(sorted(tokenizer.get_vocab().items()))
    return f"subwords of {type(tokenizer).__name__} {sha256(vocabulary.encode()).hexdigest()[:12]}"


def split_pairs(
    pairs: Iterable[tuple[str | Sequence[str], str | Sequence[str]]], units: Units
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yield pairs of unit sequences; a side that is not a text is split already."""
    for source, target in pairs:
        yield (
            units(source) if isinstance(source, str) else source,
            units(target) if isinstance(target, str) else target,
        )


def form(unit: str, settings: AlignerSettings) -> str:
    """Return the form of a unit in the aligner's vocabulary.

    >>> form("Häuser,", AlignerSettings())
    'häuser'
    """
    made = unit.casefold() if settings.case_fold else unit
    if settings.strip_punctuation:
        made = _strip(made)
    return made[: settings.stem_length]


def _strip(word: str) -> str:
    """Return a word without punctuation at its ends, unless it is nothing but punctuation."""
    start, end = 0, len(word)
    while start < end and _punctuation(word[start]):
        start += 1
    while end > start and _punctuation(word[end - 1]):
        end -= 1
    return word[start:end] or word


def _punctuation(letter: str) -> bool:
    return not letter.isalnum() and unicodedata.category(letter).startswith("P")
