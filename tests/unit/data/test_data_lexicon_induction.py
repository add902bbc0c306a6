from __future__ import annotations

import numpy as np
import pytest

from crosslift.data.lexicon import Lexicon, open_lexicon
from crosslift.data.lexicon_induction import Noise, csls, induce, precision_at_1, procrustes, with_error
from crosslift.data.word_vectors import Matrix, WordVectors, unit
from crosslift.errors import DataError
from crosslift.lab import World

COUNT, DIMENSIONS = 120, 10


def random(*shape: int, seed: int = 0) -> Matrix:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def rotation(size: int = DIMENSIONS) -> Matrix:
    return np.linalg.qr(random(size, size, seed=9))[0].astype(np.float32)


@pytest.fixture
def lexicon() -> Lexicon:
    return Lexicon({"de": [(f"e{i}", f"d{i}") for i in range(COUNT)]}, source="en")


@pytest.fixture
def vectors() -> dict[str, WordVectors]:
    """German is a rotation of English."""
    english = random(COUNT, DIMENSIONS)
    names = (tuple(f"{code}{i}" for i in range(COUNT)) for code in "ed")
    return dict(
        zip(("en", "de"), map(WordVectors, names, (english, english @ rotation())), strict=True),
    )


def test_procrustes_finds_the_rotation_and_nothing_but_rotations() -> None:
    source = random(50, DIMENSIONS)
    np.testing.assert_allclose(procrustes(source, source @ rotation()), rotation(), atol=1e-5)
    found = procrustes(source, random(50, DIMENSIONS, seed=1))
    np.testing.assert_allclose(found @ found.T, np.eye(DIMENSIONS), atol=1e-5)


def test_no_other_rotation_fits_better() -> None:
    source, target = random(50, DIMENSIONS), random(50, DIMENSIONS, seed=1)
    best = np.linalg.norm(source @ procrustes(source, target) - target)
    assert best <= np.linalg.norm(source @ rotation() - target)
    assert best <= np.linalg.norm(source - target)


def test_rho_is_the_norm_of_the_error() -> None:
    error = with_error(rotation(), 2.5, rng=np.random.default_rng(0)) - rotation()
    assert np.linalg.norm(error) == pytest.approx(2.5, rel=1e-5)


def test_csls_is_its_formula() -> None:
    source, target = random(7, 4), random(9, 4, seed=1)
    cosines = unit(source) @ unit(target).T
    expected = np.empty_like(cosines)
    for i, row in enumerate(cosines):
        for j, column in enumerate(cosines.T):
            expected[i, j] = 2 * cosines[i, j] - np.sort(row)[-3:].mean() - np.sort(column)[-3:].mean()
    np.testing.assert_allclose(csls(source, target, neighbours=3), expected, atol=1e-6)


def test_csls_avoids_a_hub() -> None:
    angles = np.radians([0.0, 20.0, 40.0])
    source = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    # the first target is near to all three words, the second a little farther, but to the last word only
    ends = np.radians([25.0, 57.0])
    target = np.stack([np.cos(ends), np.sin(ends)], axis=1).astype(np.float32)
    assert (source @ target.T)[2].argmax() == 0
    assert csls(source, target, neighbours=3)[2].argmax() == 1


def test_a_rotated_language_is_translated_perfectly(lexicon: Lexicon, vectors: dict[str, WordVectors]) -> None:
    seeds, unseen = lexicon.split(0.5, seed=0)
    assert precision_at_1(induce(vectors, seeds), unseen) == {"de": 1.0}


def test_more_noise_means_less_precision(lexicon: Lexicon, vectors: dict[str, WordVectors]) -> None:
    noises = [*(Noise(vectors=sigma) for sigma in (0.0, 0.5, 1.0, 3.0)), *(Noise(mapping=rho) for rho in (2, 20))]
    scores = [precision_at_1(induce(vectors, lexicon, noise=noise), lexicon)["de"] for noise in noises]
    assert scores[0] == 1.0 > scores[1] > scores[2] > scores[3]
    assert scores[0] > scores[5]
    assert scores[4] > scores[5]
    assert induce(vectors, lexicon, noise=noises[1], seed=1) == induce(vectors, lexicon, noise=noises[1], seed=1)
    assert induce(vectors, lexicon, noise=noises[1], seed=1) != induce(vectors, lexicon, noise=noises[1], seed=2)


def test_several_translations_come_nearest_first(lexicon: Lexicon, vectors: dict[str, WordVectors]) -> None:
    source, target = (vectors[code].normalised() for code in ("en", "de"))
    scores = csls(source.matrix @ rotation(), target.matrix)
    induced = induce(vectors, lexicon, translations=4)
    for row in (0, 17, COUNT - 1):
        expected = [target.words[place] for place in np.argsort(-scores[row])[:4]]
        assert list(induced.translations(f"e{row}", "de")) == expected


def test_a_neighbour_must_be_near_enough(lexicon: Lexicon, vectors: dict[str, WordVectors]) -> None:
    strict = induce(vectors, lexicon, translations=4, min_similarity=0.99)
    assert strict.translations("e3", "de") == ("d3",)


def test_precision_counts_the_first_of_the_words_that_have_one() -> None:
    gold = Lexicon({"de": [("a", "x"), ("a", "y"), ("b", "z"), ("c", "u")], "fr": [("a", "v")]}, source="en")
    induced = Lexicon({"de": [("a", "y"), ("b", "q"), ("b", "z")], "fr": []}, source="en")
    assert precision_at_1(induced, gold) == {"de": 0.5, "fr": 0.0}


def test_a_language_without_seeds_is_left_out_and_none_at_all_is_an_error(
    lexicon: Lexicon, vectors: dict[str, WordVectors], caplog: pytest.LogCaptureFixture
) -> None:
    both = Lexicon({"de": lexicon.pairs("de"), "fr": [("e1", "maison")]}, source="en")
    induced = induce({**vectors, "fr": vectors["de"]}, both)
    assert induced.words_into("fr") == ()
    assert "en-fr" in caplog.text
    with pytest.raises(DataError, match="no pair of the seed lexicon"):
        induce(vectors, Lexicon({"de": [("house", "Haus")]}, source="en"))


def test_the_labs_own_text_makes_a_lexicon_whose_precision_falls_with_the_noise() -> None:
    world, gold = World(), open_lexicon("lab")
    near, far = (world.targets[place].code for place in (0, -1))
    gold = Lexicon({code: gold.pairs(code) for code in (near, far)}, source=gold.source)
    vectors = {code: WordVectors.train(world.text(code, 1500)) for code in (gold.source, near, far)}
    scores = [precision_at_1(induce(vectors, gold, noise=Noise(sigma)), gold) for sigma in (0.0, 2.0, 8.0)]
    for code in (near, far):
        assert scores[0][code] > 0.7 > scores[1][code] > scores[2][code]
