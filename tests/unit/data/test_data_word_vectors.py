from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crosslift.data.word_vectors import WordVectors, cooccurrences, positive_information, unit
from crosslift.errors import DataError


def vectors(count: int = 40, dimensions: int = 12) -> WordVectors:
    matrix = np.random.default_rng(0).standard_normal((count, dimensions), dtype=np.float32)
    return WordVectors(tuple(f"w{i}" for i in range(count)), matrix + 1)


def test_saved_and_read_they_are_the_same(tmp_path: Path) -> None:
    made = vectors()
    made.save(tmp_path / "w.vec")
    again = WordVectors.read(tmp_path / "w.vec")
    assert again.words == made.words
    np.testing.assert_array_equal(again.matrix, made.matrix)
    assert len(WordVectors.read(tmp_path / "w.vec", limit=7)) == 7


def test_a_file_without_a_header_and_a_word_twice(tmp_path: Path) -> None:
    path = tmp_path / "glove.txt"
    path.write_text("a 1 2\nb 3 4 \na 5 6\n. . 7 8\n", encoding="utf-8")
    read = WordVectors.read(path)
    assert read.words == ("a", "b", ". .")
    np.testing.assert_array_equal(read.matrix, [[1, 2], [3, 4], [7, 8]])


@pytest.mark.parametrize(("line", "message"), [("b 3", "1 values where 2 are expected"), ("b 3 x", "not a number")])
def test_a_wrong_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "w.vec"
    path.write_text(f"2 2\na 1 2\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=rf"w\.vec, line 3: .*{message}"):
        WordVectors.read(path)


def test_normalised_vectors_have_length_one_around_zero() -> None:
    normal = vectors(500).normalised().matrix
    np.testing.assert_allclose(np.linalg.norm(normal, axis=1), 1, atol=1e-5)
    assert np.linalg.norm(normal.mean(axis=0)) < 0.05
    assert np.linalg.norm(unit(vectors(500).matrix).mean(axis=0)) > 0.5


def test_a_zero_vector_stays_zero() -> None:
    np.testing.assert_array_equal(unit(np.zeros((1, 3), dtype=np.float32)), np.zeros((1, 3)))


def test_sigma_is_the_length_of_the_noise() -> None:
    made = vectors(4000, 50)
    noise = made.noisy(0.3, rng=np.random.default_rng(1)).matrix - made.matrix
    assert np.linalg.norm(noise, axis=1).mean() == pytest.approx(0.3, rel=0.02)
    np.testing.assert_array_equal(made.noisy(0.0, rng=np.random.default_rng(1)).matrix, made.matrix)


def test_contexts_end_at_the_window_and_at_the_sentence() -> None:
    counts = cooccurrences([["a", "b", "x", "c"], ["c", "a"]], ["a", "b", "c"], window=2).toarray()
    # a-b at 1; b-c at 2; a-c in the second sentence alone; x is not in the vocabulary and leaves no gap
    np.testing.assert_array_equal(counts, [[0, 1, 2], [1, 0, 1], [2, 1, 0]])


def test_information_is_positive_and_smoothed() -> None:
    counts = cooccurrences([["a", "b"]] * 3 + [["a", "c"]], ["a", "b", "c"], window=1)
    found = positive_information(counts).toarray()
    sums = np.array([4.0, 3.0, 1.0])
    smooth = sums**0.75 / (sums**0.75).sum()
    expected = np.log(3 / 4 / smooth[1])
    assert found[0, 1] == pytest.approx(expected)
    assert found[0, 0] == 0
    assert (found >= 0).all()


def text(count: int, seed: int) -> list[str]:
    """Sentences in which cat and dog have the same contexts, and so have car and bus."""
    rng = np.random.default_rng(seed)
    kinds = (("cat", "dog"), ("runs", "eats", "sleeps")), (("car", "bus"), ("drives", "honks", "parks"))
    rows = []
    for task_type in rng.integers(2, size=count):
        nouns, verbs = kinds[task_type]
        rows.append(f"the {rng.choice(nouns)} {rng.choice(verbs)} here")
    return rows


def test_words_with_similar_contexts_have_similar_vectors() -> None:
    trained = WordVectors.train(text(600, 0), dimensions=4, window=2)
    rows = unit(trained.rows(["cat", "dog", "car", "bus"]))
    cosines = rows @ rows.T
    assert min(cosines[0, 1], cosines[2, 3]) > 0.9 > 0.6 > cosines[0, 2]
    again = WordVectors.train(text(600, 0), dimensions=4, window=2)
    np.testing.assert_array_equal(again.matrix, trained.matrix)


def test_too_little_text_is_refused() -> None:
    with pytest.raises(DataError, match="only 12 words occur at least 5 times"):
        WordVectors.train(text(600, 0), dimensions=100)
