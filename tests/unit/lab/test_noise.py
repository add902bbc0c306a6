from __future__ import annotations

from collections import Counter

import pytest

from crosslift.errors import InputError
from crosslift.lab.chance import Draws
from crosslift.lab.noise import mistranslated

WORDS = tuple(f"w{i}" for i in range(9))
OTHERS = ("x", "y", "w0")


def noisy(noise: float, *seed: int | str) -> list[tuple[str, int]]:
    return mistranslated(WORDS, OTHERS, noise=noise, draws=Draws(*seed))


def test_without_noise_nothing_changes() -> None:
    assert noisy(0, 1) == [(word, place) for place, word in enumerate(WORDS)]


def test_the_same_seed_makes_the_same_mistakes() -> None:
    assert noisy(0.5, 1, "qab") == noisy(0.5, 1, "qab")
    assert noisy(0.5, 1, "qab") != noisy(0.5, 1, "qac")


def test_each_kind_of_mistake_has_a_third_of_the_share() -> None:
    found: Counter[str] = Counter()
    for seed in range(3_000):
        # Of two words the first alone is looked at, so that a swap of one cannot be undone by the other's.
        said = mistranslated(("a", "b"), ("x",), noise=0.3, draws=Draws(seed))
        places = {place: word for word, place in said}
        if 0 not in places:
            found["drop"] += 1
        elif places[0] == "x":
            found["replace"] += 1
    assert found["drop"] / 3_000 == pytest.approx(0.1, abs=0.02)  # less the pairs that were both left out
    assert found["replace"] / 3_000 == pytest.approx(0.1, abs=0.02)
    swaps = sum(said[0][1] == 1 and len(said) == 2 for said in (swapped(seed) for seed in range(3_000)))
    # One of the two is swapped, and the other neither swapped back nor left out.
    assert swaps / 3_000 == pytest.approx(2 * 0.1 * 0.8, abs=0.02)


def swapped(seed: int) -> list[tuple[str, int]]:
    return mistranslated(("a", "b"), ("x",), noise=0.3, draws=Draws(seed))


def test_words_keep_their_places_and_one_always_stays() -> None:
    for seed in range(200):
        said = noisy(1, seed)
        places = [place for _, place in said]
        assert len(set(places)) == len(places)
        assert all(word in OTHERS or word == WORDS[place] for word, place in said)
    assert all(mistranslated(("a",), OTHERS, noise=1, draws=Draws(seed)) for seed in range(50))


def test_a_replacement_is_another_word() -> None:
    said = [mistranslated(("w0",), ("w0", "x"), noise=1, draws=Draws(seed)) for seed in range(60)]
    assert {word for ((word, _),) in said} == {"w0", "x"}  # left out or swapped with nothing, or replaced
    assert 10 < sum(word == "x" for ((word, _),) in said) < 30


def test_noise_is_a_share() -> None:
    with pytest.raises(InputError, match=r"from 0 to 1; 1\.5"):
        noisy(1.5)
