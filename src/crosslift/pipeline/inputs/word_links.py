"""Word links of a bitext as links between the encoder's tokens.

Links connect units: blank-separated words, or the encoder's own subwords.  They come with the bitext or from the
statistical aligner, and are a pure function of the bitext, its settings and the encoder's tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from crosslift.data.bitext import Bitext
from crosslift.data.pairs import Links
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenLinks, Tokens
from crosslift.errors import DataError, RecipeError
from crosslift.recipe import BitextTable
from crosslift.wordalign.units import words

Units = tuple[list[str], list[str]]
"""The words, or subwords, of the two sides of a pair."""

Positions = list[list[int]]
"""The positions of the subwords of each unit in `Tokens.ids`; units that were cut off are missing at the end."""


def pair_links(
    encoder: Encoder,
    bitext: Bitext,
    sides: Sequence[tuple[Tokens, Tokens]],
    table: BitextTable,
    *,
    longest: int,
    seed: int,
) -> list[TokenLinks]:
    """Return the links between the tokens of each pair.

    Args:
        encoder: the encoder that tokenized the sides.
        bitext: the pairs.
        sides: (pairs,) tokens of source and target, with `Tokens.words` unless links connect subwords.
        table: the origin of the links.
        longest: the length that the tokens of a side were truncated to.
        seed: seed of shuffled links.

    Raises:
        RecipeError: the bitext has no links, but the table says that it has.
        DataError: a given link to a word that the pair does not have.
    """
    units = [_subwords(encoder, pair) for pair in sides] if table.links == "subwords" else _words(bitext)
    links = _unit_links(bitext, units, table)
    if table.shuffle_links:
        links = shuffled(links, units, np.random.default_rng(seed))
    places = ([positions(tokens, longest) for tokens in pair] for pair in sides)
    return [
        tuple(token_links(row, source, target, equal=table.link_subwords == "equal"))
        for row, (source, target) in zip(links, places, strict=True)
    ]


def uses_words(table: BitextTable) -> bool:
    """Return whether links connect words, so that tokens must know their words."""
    return table.links != "subwords"


def token_links(links: Links, source: Positions, target: Positions, *, equal: bool) -> Iterator[tuple[int, int]]:
    """Yield links between tokens: the first subwords of two units, or all in order if both have equally many.

    >>> list(token_links(((0, 0), (1, 1)), [[1], [2, 3]], [[1, 2], [3, 4]], equal=False))
    [(1, 1), (2, 3)]
    >>> list(token_links(((0, 0), (1, 1)), [[1], [2, 3]], [[1, 2], [3, 4]], equal=True))
    [(2, 3), (3, 4)]
    """
    for i, j in links:
        if i >= len(source) or j >= len(target):
            continue  # cut off
        if not equal:
            yield source[i][0], target[j][0]
        elif len(source[i]) == len(target[j]):
            yield from zip(source[i], target[j], strict=True)


def positions(tokens: Tokens, longest: int) -> Positions:
    """Return the positions of each unit: of each word, or of each subword if the tokens do not know their words."""
    places = [place for place, special in enumerate(tokens.special) if not special]
    if tokens.words is None:
        return [[place] for place in places]
    units: Positions = [[] for _ in range(tokens.words_fitted)]
    for place in places:
        units[tokens.words[place]].append(place)
    # The last word may have lost subwords to truncation, and then looks like a shorter word.
    return units[:-1] if len(tokens) >= longest else units


def shuffled(links: Sequence[Links], units: Sequence[Units], rng: np.random.Generator) -> list[Links]:
    """Return for each pair the links of another pair, without those to units that it does not have."""
    order = rng.permutation(len(links))
    other = np.empty_like(order)
    other[order] = np.roll(order, 1)  # one cycle through all pairs: none keeps its own links
    return [
        tuple((i, j) for i, j in links[donor] if i < len(source) and j < len(target))
        for donor, (source, target) in zip(other, units, strict=True)
    ]


def _words(bitext: Bitext) -> list[Units]:
    return [(words(source), words(target)) for source, target in bitext]


def _subwords(encoder: Encoder, pair: tuple[Tokens, Tokens]) -> Units:
    source, target = (
        encoder.tokenizer.convert_ids_to_tokens(
            [token for token, special in zip(side.ids, side.special, strict=True) if not special]
        )
        for side in pair
    )
    return list(source), list(target)


def _unit_links(bitext: Bitext, units: Sequence[Units], table: BitextTable) -> list[Links]:
    if table.links == "given" or (table.links is None and bitext.linked):
        return _given(bitext, units)
    return [alignment.links for alignment in _aligner(table).fit_align(units, symmetrize=table.symmetrize)]


def _aligner(table: BitextTable) -> Any:
    from crosslift.wordalign import WordAligner  # compiles code, which takes seconds

    # Marks of subwords, such as ## within a word, are not punctuation.
    return WordAligner(model_type=table.aligner, strip_punctuation=uses_words(table))


def _given(bitext: Bitext, units: Sequence[Units]) -> list[Links]:
    where = f"align.bitext: {'-'.join(bitext.languages)}"
    if not bitext.linked:
        raise RecipeError(
            f'{where} has no word links, but links = "given"; put a file that ends in .links next to the bitext (one '
            'line per pair, such as `0-0 1-2`), or set links = "aligner"'
        )
    links = [bitext.links(index) or () for index in range(len(bitext))]
    for index, (row, (source, target)) in enumerate(zip(links, units, strict=True)):
        for i, j in row:
            if i >= len(source) or j >= len(target):
                raise DataError(
                    f"{where}, pair {index + 1}: link {i}-{j}, but the sides have {len(source)} and {len(target)} "
                    "blank-separated words, counted from 0"
                )
    return links
