"""Symmetrization: grids worked by hand from the definition, and what holds for every grid."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslift.errors import RecipeError
from crosslift.wordalign import symmetrize
from crosslift.wordalign.kernels.symmetrize import symmetrize_all
from crosslift.wordalign.symmetrization import SYMMETRIZATIONS, checked

# (source word, target word).  Every target word has one source word in `forward`, every source word one target word
# in `reverse`.
CHAIN = (  # each link is touched by the one before: all are grown but (0, 4), both of whose words have a link by then
    {(0, 0), (1, 1), (1, 2), (3, 3), (0, 4)},
    {(0, 0), (1, 1), (2, 2), (3, 4)},
)
APART = (  # nothing touches (0, 0)
    {(0, 0), (3, 2), (0, 3)},
    {(0, 0), (3, 4), (2, 0)},
)
RIVALS = (  # (2, 3) and (2, 2) share a word: forward links come first in the final step, though (2, 2) is further left
    {(0, 0), (2, 3)},
    {(0, 0), (2, 2)},
)
ORDER = (  # by target word, (3, 0) adds (2, 1), that (1, 1) and (2, 2), which leaves no word for (1, 2)
    {(3, 0), (2, 1), (1, 2), (0, 3)},
    {(3, 0), (1, 1), (2, 2), (0, 3)},
)
FAN = (  # growing takes up all that touches and reaches a new word: (0, 1) a target, (1, 0) a source
    {(0, 0), (0, 1), (0, 2)},
    {(0, 0), (1, 0), (2, 0)},
)
BY_HAND = [
    (CHAIN, "intersection", {(0, 0), (1, 1)}),
    (CHAIN, "union", CHAIN[0] | CHAIN[1]),
    (CHAIN, "one-to-one", {(0, 0), (1, 1)}),
    (CHAIN, "forward", CHAIN[0]),
    (CHAIN, "reverse", CHAIN[1]),
    (CHAIN, "grow-diag", {(0, 0), (1, 1), (1, 2), (2, 2), (3, 3), (3, 4)}),
    (CHAIN, "grow-diag-final", {(0, 0), (1, 1), (1, 2), (2, 2), (3, 3), (3, 4)}),
    (CHAIN, "grow-diag-final-and", {(0, 0), (1, 1), (1, 2), (2, 2), (3, 3), (3, 4)}),
    (APART, "grow-diag", {(0, 0)}),
    (APART, "grow-diag-final", {(0, 0), (3, 2), (0, 3), (3, 4), (2, 0)}),
    (APART, "grow-diag-final-and", {(0, 0), (3, 2)}),
    (RIVALS, "grow-diag", {(0, 0)}),
    (RIVALS, "grow-diag-final", {(0, 0), (2, 3), (2, 2)}),
    (RIVALS, "grow-diag-final-and", {(0, 0), (2, 3)}),
    (ORDER, "intersection", {(3, 0), (0, 3)}),
    (ORDER, "grow-diag", {(3, 0), (2, 1), (1, 1), (2, 2), (0, 3)}),
    (ORDER, "grow-diag-final-and", {(3, 0), (2, 1), (1, 1), (2, 2), (0, 3)}),
    (FAN, "grow-diag", FAN[0] | FAN[1]),
    (FAN, "intersection", {(0, 0)}),
]
SIDE = st.integers(1, 8)


@st.composite
def directions(draw):
    """Both sides' choices: a source word or -1 for every target word, and the other way round."""
    sources, targets = draw(SIDE), draw(SIDE)
    forward = draw(st.lists(st.integers(-1, sources - 1), min_size=targets, max_size=targets))
    reverse = draw(st.lists(st.integers(-1, targets - 1), min_size=sources, max_size=sources))
    return forward, reverse


def links(choices):
    forward, reverse = choices
    return (
        {(i, j) for j, i in enumerate(forward) if i >= 0},
        {(i, j) for i, j in enumerate(reverse) if j >= 0},
    )


def transposed(pairs):
    return {(j, i) for i, j in pairs}


def covered(pairs):
    return {i for i, _ in pairs}, {j for _, j in pairs}


def new_words(link, pairs):
    """How many of a link's two words have no other link."""
    sources, targets = covered(pairs)
    return (link[0] not in sources) + (link[1] not in targets)


@pytest.mark.parametrize(("sides", "method", "expected"), BY_HAND)
def test_grids_worked_by_hand(sides, method, expected):
    assert symmetrize(*sides, method) == tuple(sorted(expected))


def test_every_method_is_worked_by_hand():
    assert {method for _, method, _ in BY_HAND} == set(SYMMETRIZATIONS)


@pytest.mark.parametrize("method", SYMMETRIZATIONS)
def test_nothing_gives_nothing(method):
    assert symmetrize([], [], method) == ()


@pytest.mark.parametrize("method", ["intersection", "grow-diag", "grow-diag-final-and", "one-to-one"])
def test_one_direction_alone_gives_what_both_believe(method):
    assert symmetrize([(1, 2)], [], method) == (((1, 2),) if method == "grow-diag-final-and" else ())


def test_one_to_one_drops_links_that_share_a_word():
    both = [(0, 0), (0, 1), (1, 2), (2, 2), (3, 3)]
    assert symmetrize(both, both, "one-to-one") == ((3, 3),)


def test_an_unknown_method_names_the_nearest():
    with pytest.raises(RecipeError, match="unknown method 'grow-diag-fnal'; did you mean 'grow-diag-final'"):
        symmetrize([], [], "grow-diag-fnal")


@settings(deadline=None)
@given(directions())
def test_methods_are_nested(choices):
    sides = links(choices)
    made = {method: set(symmetrize(*sides, method)) for method in SYMMETRIZATIONS}
    assert made["intersection"] == sides[0] & sides[1]
    assert made["union"] == sides[0] | sides[1]
    assert (made["forward"], made["reverse"]) == sides
    assert made["one-to-one"] == made["intersection"], "both directions choose one word, so no link can share one"
    assert made["intersection"] <= made["grow-diag"] <= made["grow-diag-final"] <= made["union"]
    assert made["grow-diag"] <= made["grow-diag-final-and"] <= made["union"]


@settings(deadline=None)
@given(directions())
def test_growing_stops_only_where_nothing_is_left_to_grow(choices):
    sides = links(choices)
    union = sides[0] | sides[1]
    grown = set(symmetrize(*sides, "grow-diag"))
    for i, j in union - grown:
        touched = any(max(abs(i - a), abs(j - b)) == 1 for a, b in grown)
        assert not (touched and new_words((i, j), grown)), "a link that touches and reaches a word was left out"
    assert all(new_words(link, set(symmetrize(*sides, "grow-diag-final"))) == 0 for link in union)
    assert all(new_words(link, set(symmetrize(*sides, "grow-diag-final-and"))) < 2 for link in union)


@settings(deadline=None)
@given(directions())
def test_swapping_the_sides_transposes_intersection_and_union(choices):
    forward, reverse = links(choices)
    for method in ("intersection", "one-to-one", "union"):
        swapped = symmetrize(transposed(reverse), transposed(forward), method)
        assert set(swapped) == transposed(symmetrize(forward, reverse, method))


@settings(deadline=None)
@given(
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5))), st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)))
)
def test_one_to_one_shares_no_row_or_column_whatever_it_is_given(forward, reverse):
    made = symmetrize(forward, reverse, "one-to-one")
    sources, targets = covered(made)
    assert len(sources) == len(targets) == len(made)
    rest = forward & reverse - set(made)
    assert all(any(len({a, i}) == 1 or len({b, j}) == 1 for i, j in (forward & reverse) - {(a, b)}) for a, b in rest)


@settings(deadline=None)
@given(st.lists(directions(), min_size=1, max_size=5), st.sampled_from(SYMMETRIZATIONS))
def test_many_pairs_at_once_are_each_by_itself(pairs, method):
    forward, reverse = (np.concatenate([np.array(pair[side], np.int32) for pair in pairs]) for side in (0, 1))
    offsets = [np.cumsum([0, *(len(pair[side]) for pair in pairs)]) for side in (1, 0)]
    flat, starts = symmetrize_all(forward, reverse, *offsets, checked(method))
    made = [tuple(map(tuple, flat[a:b].tolist())) for a, b in pairwise(starts)]
    assert made == [symmetrize(*links(pair), method) for pair in pairs]
