from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from crosslift.align.bases.linked_pairs import (
    NO_LINK,
    exchange,
    join_linked,
    one_to_one,
    pad_links,
    pick,
    representatives,
    special_links,
    token_links,
    word_links,
)
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenLinks, TokenPair, Tokens
from crosslift.errors import DataError
from tests.tiny import BUILDERS, LANGUAGE, TEXTS

Checkpoint = Callable[[str], Path]


def tokens(ids: tuple[int, ...], words: tuple[int, ...] | None = None) -> Tokens:
    """Return tokens with a special one at both ends."""
    return Tokens(ids, (True, *[False] * (len(ids) - 2), True), (0,) * len(ids), words)


def pair(links: TokenLinks | None) -> TokenPair:
    """Return a pair of words of 1, 2 and 1 subwords, and of 2, 1 and 1 subwords; the last word is the same."""
    source = tokens((0, 11, 12, 13, 14, 1), (-1, 0, 1, 1, 2, -1))
    target = tokens((0, 21, 22, 23, 14, 1), (-1, 0, 0, 1, 2, -1))
    return TokenPair(source, target, links)


def test_links_that_share_an_end_are_dropped() -> None:
    assert one_to_one([(1, 1), (1, 2), (3, 4), (5, 4), (6, 6), (6, 6)]) == [(6, 6)]
    assert one_to_one([]) == []


def test_unknown_links_are_refused() -> None:
    with pytest.raises(DataError, match="word links"):
        token_links(pair(None))
    with pytest.raises(DataError, match="word links"):
        word_links(pair(None), which="last")


def test_links_between_equal_tokens_are_left_out_first() -> None:
    linked = pair(((1, 1), (4, 4), (4, 3)))
    assert token_links(linked) == [(1, 1)]
    assert token_links(linked, skip_identical=True) == [(1, 1), (4, 3)]


@pytest.mark.parametrize(
    ("which", "expected"), [("last", [(1, 2), (3, 3), (4, 4)]), ("first", [(1, 1), (2, 3), (4, 4)])]
)
def test_words_are_at_one_of_their_subwords(which: str, expected: list[tuple[int, int]]) -> None:
    # Subwords linked in all ways: one link between the words.
    linked = pair(((1, 1), (1, 2), (2, 3), (3, 3), (4, 4)))
    assert word_links(linked, which=which) == expected  # type: ignore[arg-type]
    assert word_links(linked, which=which, skip_identical=True) == expected[:2]  # type: ignore[arg-type]


def test_words_are_one_to_one_too() -> None:
    assert word_links(pair(((1, 1), (2, 2), (4, 4))), which="last") == [(4, 4)]


def test_every_token_is_a_word_where_words_are_not_known() -> None:
    source, target = tokens((0, 5, 6, 1)), tokens((0, 7, 8, 9, 1))
    assert word_links(TokenPair(source, target, ((0, 0), (1, 2), (2, 3))), which="last") == [(1, 2), (2, 3)]


def test_first_and_last_subwords() -> None:
    assert representatives((-1, 0, 0, 1, -1), "last") == {0: 2, 1: 3}
    assert representatives((-1, 0, 0, 1, -1), "first") == {0: 1, 1: 3}


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("family", BUILDERS)
def test_links_are_found_in_the_joined_pair(checkpoint: Checkpoint, family: str, swap: bool) -> None:
    encoder = Encoder.load(checkpoint(family))
    first, second = LANGUAGE.get(family, (None, None))
    source = encoder.tokenize(TEXTS[:1], language=first)[0]
    target = encoder.tokenize(TEXTS[2:3], language=second)[0]
    every = [(i, j) for i in range(len(source)) for j in range(len(target))]
    joined, links = join_linked(encoder, TokenPair(source, target), every, swap=swap)
    ordinary = [(i, j) for i, j in every if not source.special[i] and not target.special[j]]
    assert joined == encoder.join(*((target, source) if swap else (source, target)))
    assert [(joined.ids[i], joined.ids[j]) for i, j in links] == [(source.ids[i], target.ids[j]) for i, j in ordinary]
    assert len(set(links)) == len(links)
    assert {joined.segments[i] for i, _ in links} == {int(swap)}
    assert {joined.segments[j] for _, j in links} == {int(not swap)}
    assert not any(joined.special[end] for link in links for end in link)


@pytest.mark.parametrize("family", BUILDERS)
def test_links_that_the_join_cuts_off_are_dropped(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    first, second = LANGUAGE.get(family, (None, None))
    room = encoder.max_length * 3 // 4
    long = " ".join(TEXTS) * 20
    source = encoder.tokenize([long], max_length=room, language=first)[0]
    target = encoder.tokenize([long[9:]], max_length=room, language=second)[0]
    links = [(i, i) for i in range(room)]
    joined, kept = join_linked(encoder, TokenPair(source, target), links, swap=False)
    assert len(joined) == encoder.max_length
    content = sum(not special for special in joined.special)
    assert len(kept) == min(content // 2, room)  # both sides were cut to half
    original = [(source.ids[i], target.ids[i]) for i in range(room) if not source.special[i]]
    assert [(joined.ids[i], joined.ids[j]) for i, j in kept] == original[: len(kept)]


@pytest.mark.parametrize("family", BUILDERS)
def test_special_tokens_are_linked_in_order(checkpoint: Checkpoint, family: str) -> None:
    encoder = Encoder.load(checkpoint(family))
    first, second = LANGUAGE.get(family, (None, None))
    linked = TokenPair(encoder.tokenize(TEXTS[:1], language=first)[0], encoder.tokenize(TEXTS[2:3], language=second)[0])
    links = special_links(linked)
    assert links[-1] == (len(linked.source) - 1, len(linked.target) - 1)
    assert all(linked.source.special[i] and linked.target.special[j] for i, j in links)
    assert len(links) == sum(linked.source.special)


def test_partners_are_exchanged_and_the_rest_stays() -> None:
    partners = exchange(pad_links([[(1, 4), (2, 3)], [], [(0, 5)]]), 6)
    assert partners.tolist() == [[0, 4, 3, 2, 1, 5], [0, 1, 2, 3, 4, 5], [5, 1, 2, 3, 4, 0]]
    assert torch.equal(partners.gather(1, partners), torch.arange(6).repeat(3, 1))


def test_no_links_at_all_make_an_empty_tensor() -> None:
    assert pad_links([[], []]).shape == (2, 0, 2)
    assert exchange(pad_links([[], []]), 3).tolist() == [[0, 1, 2]] * 2


def test_states_are_picked_row_by_row_without_padding() -> None:
    states = torch.arange(12.0).view(2, 3, 2)
    picked = pick(states, torch.tensor([[2, 0], [1, NO_LINK]]))
    assert picked.tolist() == [[4, 5], [0, 1], [8, 9]]
