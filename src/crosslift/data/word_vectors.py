"""Static word vectors: read, trained on text, normalised, made noisy.  Imports no torch."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds

from crosslift.errors import DataError
from crosslift.io.text import existing, lines

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class WordVectors:
    """Words, most frequent first, and a vector each: `matrix` is (words, dimensions)."""

    words: tuple[str, ...]
    matrix: Matrix

    @classmethod
    def read(cls, path: Path | str, *, limit: int | None = 200_000) -> WordVectors:
        """Read the text form of word2vec and fastText: a line `count dimensions`, then `word x1 x2 ...`.

        A file without the first line (GloVe) is read too.  Of a word that comes twice, the first vector counts.

        Args:
            path: the file, plain or with .gz.
            limit: words at most, from the top; None: all.

        Raises:
            DataError: a line with another number of values or one that is no number; the message names the line.
        """
        path = existing(path)
        rows = dict(itertools.islice(_rows(path), limit))
        if not rows:
            raise DataError(f"{path}: no word vector in it")
        return cls(tuple(rows), np.stack(list(rows.values())))

    @classmethod
    def train(
        cls,
        sentences: Iterable[str],
        *,
        dimensions: int = 100,
        window: int = 5,
        min_count: int = 5,
        limit: int = 50_000,
        seed: int = 0,
    ) -> WordVectors:
        """Factorise the positive mutual information of words and their contexts in blank-separated text.

        Contexts are counted in full over `window` words to each side, their distribution is smoothed with exponent
        0.75, and the vectors are ``U * sqrt(S)`` of a truncated SVD.  In small corpora these are no worse than
        skip-gram's, and there is nothing to tune.

        Raises:
            DataError: fewer words than `dimensions` come often enough.

        Source: Levy, Goldberg & Dagan 2015, Improving Distributional Similarity, TACL 3, sections 2 and 3.
        """
        rows = [sentence.split() for sentence in sentences]
        counts = Counter(itertools.chain.from_iterable(rows))
        ranked = sorted(counts, key=lambda word: (-counts[word], word))[:limit]
        words = tuple(word for word in ranked if counts[word] >= min_count)
        if len(words) <= dimensions:
            raise DataError(
                f"{len(words)} words come {min_count} times or more in the text, which is too few for word vectors "
                f"of {dimensions} dimensions; give more text, fewer dimensions or a lower min_count"
            )
        information = _positive_information(_cooccurrences(rows, words, window))
        start = np.random.default_rng(seed).standard_normal(len(words))
        left, strengths, _ = svds(information, k=dimensions, v0=start)
        return cls(words, (left * np.sqrt(strengths)).astype(np.float32))

    def __len__(self) -> int:
        return len(self.words)

    @property
    def dimensions(self) -> int:
        """Width of the vectors."""
        return int(self.matrix.shape[1])

    def save(self, path: Path | str) -> None:
        """Write the text form of word2vec."""
        with Path(path).open("w", encoding="utf-8") as file:
            file.write(f"{len(self)} {self.dimensions}\n")
            for word, row in zip(self.words, self.matrix, strict=True):
                file.write(f"{word} {' '.join(map(repr, row.tolist()))}\n")

    def normalised(self) -> WordVectors:
        """Return vectors of unit length and mean zero, brought to unit length again (Artetxe et al. 2016)."""
        matrix = unit(self.matrix)
        mean = matrix.sum(axis=0) / max(1, len(self))
        return replace(self, matrix=unit(matrix - mean))

    def noisy(self, sigma: float, *, rng: np.random.Generator) -> WordVectors:
        """Return v + sigma * n with n ~ N(0, I / dimensions), so that sigma is the length of the noise."""
        noise = rng.standard_normal(self.matrix.shape, dtype=np.float32) / np.sqrt(self.dimensions)
        return replace(self, matrix=(self.matrix + sigma * noise).astype(np.float32))

    def rows(self, words: Sequence[str]) -> Matrix:
        """Return the vectors of words that are all there: (words, dimensions)."""
        index = {word: row for row, word in enumerate(self.words)}
        return self.matrix[[index[word] for word in words]]

    def only(self, words: Iterable[str]) -> WordVectors:
        """Return those of the words that have a vector, in the order of `words`."""
        known = set(self.words)
        kept = tuple(word for word in dict.fromkeys(words) if word in known)
        return WordVectors(kept, self.rows(kept))


def unit(matrix: Matrix) -> Matrix:
    """Return the rows at length 1; a zero row stays zero."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return (matrix / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _rows(path: Path) -> Iterator[tuple[str, Matrix]]:
    dimensions: int | None = None
    seen: set[str] = set()
    for number, line in lines(path):
        text = line.rstrip(" ")
        if number == 1 and text.count(" ") == 1:
            continue  # count and dimensions
        dimensions = dimensions or text.count(" ")
        fields = text.rsplit(" ", dimensions)  # a word may hold blanks, as some of GloVe's do
        if len(fields) != dimensions + 1:
            raise DataError(f"{path}, line {number}: {len(fields) - 1} values where {dimensions} are expected")
        if fields[0] not in seen:
            seen.add(fields[0])
            yield fields[0], _values(fields[1:], path, number)


def _values(fields: Sequence[str], path: Path, number: int) -> Matrix:
    try:
        return np.array(fields, dtype=np.float32)
    except ValueError as error:
        raise DataError(f"{path}, line {number}: a value that is no number ({error})") from error


def _cooccurrences(rows: Sequence[Sequence[str]], words: Sequence[str], window: int) -> sparse.csr_array:
    """Return how often words stand within `window` of each other: (words, words), symmetric."""
    index = {word: place for place, word in enumerate(words)}
    places = [np.array([index[word] for word in row if word in index], dtype=np.int64) for row in rows]
    # One array with gaps wider than the window, so that no pair crosses a sentence.
    gap = np.full(window, -1, dtype=np.int64)
    text = np.concatenate([part for row in places for part in (row, gap)])
    size = len(words)
    total = sparse.csr_array((size, size), dtype=np.float64)
    for distance in range(1, window + 1):
        left, right = text[:-distance], text[distance:]
        both = (left >= 0) & (right >= 0)
        ones = np.ones(both.sum())
        total = total + sparse.coo_array((ones, (left[both], right[both])), shape=(size, size)).tocsr()
    return total + total.T


def _positive_information(counts: sparse.csr_array, smoothing: float = 0.75) -> sparse.csr_array:
    """Return max(0, log p(w, c) / (p(w) p'(c))), with p' the smoothed distribution of contexts."""
    joint = counts.tocoo()
    sums = np.asarray(counts.sum(axis=1)).ravel()
    contexts = sums**smoothing / (sums**smoothing).sum()
    ratio = joint.data / sums[joint.row] / contexts[joint.col]
    found = np.maximum(np.log(ratio), 0)
    return sparse.coo_array((found, (joint.row, joint.col)), shape=counts.shape).tocsr()
