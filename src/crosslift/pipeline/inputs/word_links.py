"""Word links of a bitext as links between the encoder's tokens.

Links are between units: blank-separated words, or the encoder's own pieces.  They come with the bitext or from the
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
"""The words, or pieces, of the two sides of a pair."""
Positions = list[list[int]]
"""Where the pieces of each unit are in `Tokens.ids`; units that were cut off are missing at the end."""


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
        encoder: whose pieces the tokens are.
        bitext: the pairs.
        sides: (pairs,) tokens of source and target, with `Tokens.words` unless links are between pieces.
        table: where links come from.
        longest: length to which the tokens of a side were cut.
        seed: of shuffled links.

    Raises:
        RecipeError: the bitext has no links and the table says they are given.
        DataError: a given link to a word that is not there.
    """
    units = [_pieces(encoder, pair) for pair in sides] if table.links == "subwords" else _words(bitext)
    links = _unit_links(bitext, units, table)
    if table.shuffle_links:
        links = shuffled(links, units, np.random.default_rng(seed))
    places = ([positions(tokens, longest) for tokens in pair] for pair in sides)
    return [
        tuple(token_links(row, source, target, equal=table.link_subwords == "equal"))
        for row, (source, target) in zip(links, places, strict=True)
    ]


def uses_words(table: BitextTable) -> bool:
    """Return whether links are between words, so that tokens must say theirs."""
    return table.links != "subwords"


def token_links(links: Links, source: Positions, target: Positions, *, equal: bool) -> Iterator[tuple[int, int]]:
    """Yield links between tokens: of the units' first pieces, or of all pieces, in order, where both have as many.

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
    """Return where each unit's pieces are: a word's, or each piece by itself where words are not known."""
    places = [place for place, special in enumerate(tokens.special) if not special]
    if tokens.words is None:
        return [[place] for place in places]
    units: Positions = [[] for _ in range(tokens.words_fitted)]
    for place in places:
        units[tokens.words[place]].append(place)
    # The last word may have lost pieces to the cut, which nothing tells from a shorter word.
    return units[:-1] if len(tokens) >= longest else units


def shuffled(links: Sequence[Links], units: Sequence[Units], rng: np.random.Generator) -> list[Links]:
    """Return for each pair the links of another, less those to units that it does not have."""
    order = rng.permutation(len(links))
    other = np.empty_like(order)
    other[order] = np.roll(order, 1)  # one round through all pairs: none keeps its own
    return [
        tuple((i, j) for i, j in links[donor] if i < len(source) and j < len(target))
        for donor, (source, target) in zip(other, units, strict=True)
    ]


def _words(bitext: Bitext) -> list[Units]:
    return [(words(source), words(target)) for source, target in bitext]


def _pieces(encoder: Encoder, pair: tuple[Tokens, Tokens]) -> Units:
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

    # Marks of pieces, such as ## of those within a word, are no punctuation.
    return WordAligner(model_type=table.aligner, strip_punctuation=uses_words(table))


def _given(bitext: Bitext, units: Sequence[Units]) -> list[Links]:
    where = f"align.bitext: {'-'.join(bitext.languages)}"
    if not bitext.linked:
        raise RecipeError(
            f'{where} has no word links, and links = "given" asks for them; give a file that ends in .links beside the '
            'bitext (`0-0 1-2`, a line a pair), or let links = "aligner" make them'
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
