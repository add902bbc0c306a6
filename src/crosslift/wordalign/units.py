"""What is aligned: words between blanks, or the pieces of a tokenizer; and when two of them are the same word."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from crosslift.wordalign.settings import AlignerSettings

Units = Callable[[str], Sequence[str]]
"""Cuts a text into what is aligned."""


def words(text: str) -> list[str]:
    """Return the words of a text, cut at blanks and tabs only, as Pharaoh files count them.

    >>> words("a  house")
    ['a', 'house']
    """
    cut = text.replace("\t", " ").split(" ")
    return [word for word in cut if word] if "" in cut else cut


def pieces(tokenizer: Any) -> Units:
    """Return the function that cuts a text into the pieces of a transformers tokenizer, special tokens left out."""

    def cut(text: str) -> list[str]:
        made: list[str] = tokenizer.tokenize(text)
        return made

    return cut


def name(tokenizer: Any) -> str:
    """Return what is aligned, in words: words, or the pieces of which tokenizer."""
    if tokenizer is None:
        return "words"
    vocabulary = json.dumps(sorted(tokenizer.get_vocab().items()))
    return f"pieces of {type(tokenizer).__name__} {sha256(vocabulary.encode()).hexdigest()[:12]}"


def cut_pairs(
    pairs: Iterable[tuple[str | Sequence[str], str | Sequence[str]]], units: Units
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yield pairs of unit sequences; what is no text is taken as cut already."""
    for source, target in pairs:
        yield (
            units(source) if isinstance(source, str) else source,
            units(target) if isinstance(target, str) else target,
        )


def form(unit: str, settings: AlignerSettings) -> str:
    """Return what stands for a unit in the aligner's vocabulary.

    >>> form("Häuser,", AlignerSettings())
    'häuser'
    """
    made = unit.casefold() if settings.case_fold else unit
    if settings.strip_punctuation:
        made = _strip(made)
    return made[: settings.stem_length]


def _strip(word: str) -> str:
    """Return a word without punctuation at its ends; punctuation alone stays."""
    start, end = 0, len(word)
    while start < end and _punctuation(word[start]):
        start += 1
    while end > start and _punctuation(word[end - 1]):
        end -= 1
    return word[start:end] or word


def _punctuation(letter: str) -> bool:
    return not letter.isalnum() and unicodedata.category(letter).startswith("P")
