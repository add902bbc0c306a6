"""Static word vectors: read from a file or trained on text.  Imports no torch."""

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
    """Words, most frequent first, and one vector per word: `matrix` is (words, dimensions)."""

    words: tuple[str, ...]
    matrix: Matrix

    @classmethod
    def read(cls, path: Path | str, *, limit: int | None = 200_000) -> WordVectors:
        """Read the text format of word2vec and fastText: a line `count dimensions`, then lines `word x1 x2 ...`.

        A file without the first line (GloVe) is read too.  If a word occurs twice, the first vector counts.

        Args:
            path: the file, plain or with .gz.
            limit: maximum number of words, from the top; None: all.

        Raises:
            DataError: another number of values, or a value that is not a number; the message names the line.
        """
        path = existing(path)
        rows = dict(itertools.islice(_rows(path), limit))
        if not rows:
            raise DataError(f"{path}: no word vectors in the file")
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
        0.75, and the vectors are ``U * sqrt(S)`` of a truncated SVD.  On small corpora they are as good as
        skip-gram's, and there is nothing to tune.

        Raises:
            DataError: fewer words than `dimensions` are frequent enough.

        Source: Levy, Goldberg & Dagan 2015, Improving Distributional Similarity, TACL 3, sections 2 and 3.
        """
        rows = [sentence.split() for sentence in sentences]
        counts = Counter(itertools.chain.from_iterable(rows))
        ranked = sorted(counts, key=lambda word: (-counts[word], word))[:limit]
        words = tuple(word for word in ranked if counts[word] >= min_count)
        if len(words) <= dimensions:
            raise DataError(
                f"only {len(words)} words occur at least {min_count} times in the text, too few for word vectors of "
                f"{dimensions} dimensions; give more text, fewer dimensions or a lower min_count"
            )
        information = positive_information(cooccurrences(rows, words, window))
        start = np.random.default_rng(seed).standard_normal(len(words))
        left, strengths, _ = svds(information, k=dimensions, v0=start)
        return cls(words, (left * np.sqrt(strengths)).astype(np.float32))

    def __len__(self) -> int:
        return len(self.words)

    @property
    def dimensions(self) -> int:
        """Number of dimensions of the vectors."""
        return int(self.matrix.shape[1])

    def save(self, path: Path | str) -> None:
        """Write the text format of word2vec."""
        with Path(path).open("w", encoding="utf-8") as file:
            file.write(f"{len(self)} {self.dimensions}\n")
            for word, row in zip(self.words, self.matrix, strict=True):
                file.write(f"{word} {' '.join(map(repr, row.tolist()))}\n")

    def normalised(self) -> WordVectors:
        """Return the vectors at unit length, centred, and at unit length again (Artetxe et al. 2016)."""
        matrix = unit(self.matrix)
        mean = matrix.sum(axis=0) / max(1, len(self))
        return replace(self, matrix=unit(matrix - mean))

    def noisy(self, sigma: float, *, rng: np.random.Generator) -> WordVectors:
        """Return v + sigma * n with n ~ N(0, I / dimensions); sigma is the expected length of the noise."""
        noise = rng.standard_normal(self.matrix.shape, dtype=np.float32) / np.sqrt(self.dimensions)
        return replace(self, matrix=(self.matrix + sigma * noise).astype(np.float32))

    def rows(self, words: Sequence[str]) -> Matrix:
        """Return the vectors of known words: (words, dimensions)."""
        index = {word: row for row, word in enumerate(self.words)}
        return self.matrix[[index[word] for word in words]]

    def only(self, words: Iterable[str]) -> WordVectors:
        """Return the vectors of those words that have one, in the order of `words`."""
        known = set(self.words)
        kept = tuple(word for word in dict.fromkeys(words) if word in known)
        return WordVectors(kept, self.rows(kept))


def unit(matrix: Matrix) -> Matrix:
    """Return the rows at unit length, (rows, dimensions); a zero row stays zero."""
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
        fields = text.rsplit(" ", dimensions)  # words may contain blanks, as in GloVe
        if len(fields) != dimensions + 1:
            raise DataError(f"{path}, line {number}: {len(fields) - 1} values where {dimensions} are expected")
        if fields[0] not in seen:
            seen.add(fields[0])
            yield fields[0], _values(fields[1:], path, number)


def _values(fields: Sequence[str], path: Path, number: int) -> Matrix:
    try:
        return np.array(fields, dtype=np.float32)
    except ValueError as error:
        raise DataError(f"{path}, line {number}: a value is not a number ({error})") from error


def cooccurrences(rows: Sequence[Sequence[str]], words: Sequence[str], window: int) -> sparse.csr_array:
    """Return how often words occur within `window` words of each other: (words, words), symmetric."""
    index = {word: place for place, word in enumerate(words)}
    places = [np.array([index[word] for word in row if word in index], dtype=np.int64) for row in rows]
    # One array with gaps as wide as the window, so that no pair crosses a sentence boundary.
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


def positive_information(counts: sparse.csr_array, smoothing: float = 0.75) -> sparse.csr_array:
    """Return max(0, log p(w, c) / (p(w) p'(c))), where p' is the smoothed distribution of contexts."""
    joint = counts.tocoo()
    sums = np.asarray(counts.sum(axis=1)).ravel()
    contexts = sums**smoothing / (sums**smoothing).sum()
    ratio = joint.data / sums[joint.row] / contexts[joint.col]
    found = np.maximum(np.log(ratio), 0)
    return sparse.coo_array((found, (joint.row, joint.col)), shape=counts.shape).tocsr()
