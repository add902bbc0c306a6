"""Word links of sentence pairs: one-to-one links, links in a joined pair, and links of a batch.

The links of a batch are a long tensor (batch, links, 2), with -1 where a row has fewer than others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import torch
from torch import Tensor

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs, TokenPair, Tokens, pad
from crosslift.errors import DataError
from crosslift.train.batch import Batch

LinkList = list[tuple[int, int]]
NO_LINK = -1
"""Fills rows that have fewer links or positions than others."""
Subword = Literal["first", "last"]


@dataclass(frozen=True)
class LinkedBatch(Batch):
    """The two sides of sentence pairs, and the links between their positions."""

    source: Inputs
    target: Inputs
    links: Tensor
    """(batch, links, 2) long, positions in source and target."""


def one_to_one(links: Iterable[tuple[int, int]]) -> LinkList:
    """Return the links whose ends have no other link, in order.

    >>> one_to_one([(1, 1), (2, 3), (2, 4), (5, 3), (6, 6)])
    [(1, 1), (6, 6)]
    """
    links = sorted(set(links))
    sources, targets = (Counter(ends) for ends in (zip(*links, strict=True) if links else ((), ())))
    return [(source, target) for source, target in links if sources[source] == targets[target] == 1]


def token_links(pair: TokenPair, *, skip_identical: bool = False) -> LinkList:
    """Return the one-to-one links between the tokens of a pair.

    Args:
        pair: the pair, with links.
        skip_identical: ignore links between equal tokens (digits, punctuation, cognates) before choosing one-to-one
            links, as in the code of Wu & Dredze 2020.

    Raises:
        DataError: the pair has no links.
    """
    links = _known(pair)
    if skip_identical:
        links = [(i, j) for i, j in links if pair.source.ids[i] != pair.target.ids[j]]
    return one_to_one(links)


def word_links(pair: TokenPair, *, which: Subword, skip_identical: bool = False) -> LinkList:
    """Return one-to-one links between words, as positions of their first or last subwords.

    Words are those of `Tokens.words`; without them, every token is a word.

    Raises:
        DataError: the pair has no links.
    """
    source, target = words_of(pair.source), words_of(pair.target)
    links = {(source[i], target[j]) for i, j in _known(pair) if source[i] != NO_LINK != target[j]}
    if skip_identical:
        links = {(a, b) for a, b in links if _spelled(pair.source, source, a) != _spelled(pair.target, target, b)}
    starts, ends = representatives(source, which), representatives(target, which)
    return [(starts[a], ends[b]) for a, b in one_to_one(links)]


def words_of(tokens: Tokens) -> Sequence[int]:
    """Return the word of each token, (length,); without known words, every token that is not special is a word."""
    if tokens.words is not None:
        return tokens.words
    return [NO_LINK if special else place for place, special in enumerate(tokens.special)]


def representatives(words: Sequence[int], which: Subword) -> dict[int, int]:
    """Return the position of the first or last subword of each word."""
    places = [(word, place) for place, word in enumerate(words) if word != NO_LINK]
    return dict(places if which == "last" else reversed(places))


def special_links(pair: TokenPair) -> LinkList:
    """Return links between the special tokens of the two sides: [CLS] to [CLS], [SEP] to [SEP]."""
    source, target = (
        [place for place, special in enumerate(side.special) if special] for side in (pair.source, pair.target)
    )
    return list(zip(source, target, strict=True))


def join_linked(
    encoder: Encoder, pair: TokenPair, links: Iterable[tuple[int, int]], *, swap: bool
) -> tuple[Tokens, LinkList]:
    """Return the joined pair, target first if `swap`, and the links between positions of the joined sequence.

    Links to special tokens and to truncated tokens are dropped.
    """
    first, second = (pair.target, pair.source) if swap else (pair.source, pair.target)
    joined = encoder.join(first, second)
    source, target = _moved(joined, pair.source, int(swap)), _moved(joined, pair.target, int(not swap))
    return joined, [(source[i], target[j]) for i, j in links if i in source and j in target]


def pad_links(rows: Sequence[LinkList]) -> Tensor:
    """Return the links of a batch as a tensor, (batch, links, 2)."""
    flat = pad([list(chain.from_iterable(row)) for row in rows], NO_LINK)
    return flat.view(len(rows), flat.shape[1] // 2, 2)


def exchange(links: Tensor, length: int) -> Tensor:
    """Return the position of each position's partner, (batch, length): itself where it has none.

    Args:
        links: (batch, links, 2), one-to-one, both ends in the same sequence.
        length: length of the sequence.
    """
    partners = torch.arange(length, device=links.device).repeat(len(links), 1)
    row, link = (links[..., 0] != NO_LINK).nonzero(as_tuple=True)
    one, other = links[row, link].unbind(dim=-1)
    partners[row, one], partners[row, other] = other, one
    return partners


def pick(states: Tensor, positions: Tensor) -> Tensor:
    """Return the states at positions, row by row, without padding.

    Args:
        states: (batch, length, hidden).
        positions: (batch, positions), padded with -1.

    Returns:
        (n, hidden), with n the number of positions that are not padding.
    """
    row, place = (positions != NO_LINK).nonzero(as_tuple=True)
    return states[row, positions[row, place]]


def _known(pair: TokenPair) -> Iterable[tuple[int, int]]:
    if pair.links is None:
        raise DataError(
            "a sentence pair has no word links, which this objective needs; add a file of links to the bitext "
            "(`0-0 1-2`, one line per pair) or use the word aligner"
        )
    return pair.links


def _moved(joined: Tokens, tokens: Tokens, segment: int) -> dict[int, int]:
    """Return the positions of the tokens of one text in the joined pair, which truncates texts at the end."""
    content = [place for place, special in enumerate(tokens.special) if not special]
    marks = zip(joined.special, joined.segments, strict=True)
    kept = [place for place, (special, text) in enumerate(marks) if not special and text == segment]
    return dict(zip(content, kept, strict=False))


def _spelled(tokens: Tokens, words: Sequence[int], word: int) -> tuple[int, ...]:
    return tuple(subword for subword, owner in zip(tokens.ids, words, strict=True) if owner == word)
