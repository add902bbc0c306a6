"""Translation errors at a chosen rate: gold sentences with some of their words wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosslift.lab.chance import Draws


def mistranslated(
    words: Sequence[str], vocabulary: Sequence[str], *, noise: float, draws: Draws
) -> list[tuple[str, int]]:
    """Return the words with translation errors, each with its index among the given words.

    Each word is independently, with probability `noise`, dropped, replaced by another word of the vocabulary, or
    swapped with the next word (the last one with the previous word), all three equally likely.  If all words were
    dropped, the first is kept.

    Args:
        words: of one sentence; returned unchanged if noise is 0.
        vocabulary: word forms of the language, at least two.
        noise: from 0 to 1.
        draws: source of randomness.

    Raises:
        InputError: noise is not a probability.
    """
    if not 0 <= noise <= 1:
        raise InputError(f"noise is a share of words, from 0 to 1; {noise} was given")
    fates = [draws.pick(("drop", "replace", "swap")) if draws.chance(noise) else "keep" for _ in words]
    order = _swapped(fates)
    said = [
        (_another(words[place], vocabulary, draws) if fates[place] == "replace" else words[place], place)
        for place in order
        if fates[place] != "drop"
    ]
    return said or [(word, place) for place, word in enumerate(words[:1])]


def _swapped(fates: Sequence[str]) -> list[int]:
    order = list(range(len(fates)))
    for place, fate in enumerate(fates):
        other = place + 1 if place + 1 < len(order) else place - 1
        if fate == "swap" and other >= 0:
            order[place], order[other] = order[other], order[place]
    return order


def _another(word: str, vocabulary: Sequence[str], draws: Draws) -> str:
    while True:
        found = draws.pick(vocabulary)
        if found != word:
            return found
