"""Answers to questions, from the logits of windows.

A start counts only in the window with the most context around it, and an answer has at most 30 tokens, as in BERT's
code for SQuAD, which XTREME's scripts share.  That code considers pairs of the 20 best starts and the 20 best ends of a
window; here all pairs are considered, so that there is always an answer, and the 20 best are kept.
Source: Devlin et al. 2019, arXiv 1810.04805 (released code).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from crosslift.api.examples import ExtractiveQAExample
from crosslift.train.windows import ReadContexts, Window, sides

ANSWER_LENGTH = 30
"""Largest number of tokens in an answer."""
N_BEST = 20
"""Number of answers kept per question; probabilities are normalised over them."""
Scores = NDArray[np.float64]
"""Logits of start and end at each token of a window, (length, 2)."""


class Candidate(NamedTuple):
    """A possible answer."""

    score: float
    """Logit of the start plus logit of the end."""
    start: int
    """Index of the first token in the context."""
    end: int
    """Index of the last token in the context."""


def answers(
    examples: Sequence[ExtractiveQAExample], read: ReadContexts, logits: Sequence[Tensor], *, language: str
) -> Iterator[dict[str, Any]]:
    """Yield the record of each example.

    In addition to id, prediction (a text) and gold (a list of texts, or None) it has `start`, the offset of the answer
    in the context in characters; `score`, the sum of its two logits; `probability`, among the best answers; and
    `language`, that of the context, which the metrics of MLQA need.

    Args:
        examples: in the order of `read.places`.
        read: their windows.
        logits: one tensor per window, (1, length, 2).
        language: of the examples, or of context and question: ``en-de``.
    """
    rows = zip(read.windows, logits, strict=True)
    for number, own in groupby(rows, key=lambda row: row[0].example):
        best = n_best([(window, scores[0].double().numpy()) for window, scores in own])
        yield _record(examples[number], read.places[number], best) | {"language": sides(language)[0]}


def _record(example: ExtractiveQAExample, places: NDArray[np.int32], best: Sequence[Candidate]) -> dict[str, Any]:
    first = best[0]
    start, stop = int(places[first.start, 0]), int(places[first.end, 1])
    shares = np.exp(np.array([candidate.score for candidate in best]) - first.score)
    return {
        "id": example.id,
        "prediction": example.context[start:stop],
        "gold": [answer.text for answer in example.answers] or None,
        "start": start,
        "score": round(first.score, 4),
        "probability": round(float(1 / shares.sum()), 6),
    }


def n_best(rows: Sequence[tuple[Window, Scores]]) -> list[Candidate]:
    """Return the best answers of one question over its windows, the best first.

    Args:
        rows: each window with its logits of start and end, (length, 2).
    """
    owners = best_windows([window for window, _ in rows])
    found = [
        candidate for number, (window, scores) in enumerate(rows) for candidate in _of(window, scores, owners == number)
    ]
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.start, candidate.end))[:N_BEST]


def best_windows(windows: Sequence[Window]) -> NDArray[np.int64]:
    """Return the index of the window with the most context around each token of a context, (tokens,).

    The context around a token is the smaller of its two sides; ties go to the longer window, then to the first one.
    """
    total = max(window.first + window.count for window in windows)
    shown = np.full((len(windows), total), -1.0)
    for row, window in zip(shown, windows, strict=True):
        left = np.arange(window.count)
        row[window.first : window.first + window.count] = np.minimum(left, left[::-1]) + 0.01 * window.count
    owners: NDArray[np.int64] = shown.argmax(axis=0)
    return owners


def _of(window: Window, logits: Scores, owned: NDArray[np.bool_]) -> Iterator[Candidate]:
    """Yield the best answers that begin at tokens which belong to this window."""
    starts, ends = logits[window.begin : window.begin + window.count].T
    starts = np.where(owned[window.first : window.first + window.count], starts, -np.inf)
    longest = min(ANSWER_LENGTH, window.count)
    pairs = np.full((window.count, longest), -np.inf)  # (first token, number of tokens after it)
    for more in range(longest):
        pairs[: window.count - more, more] = starts[: window.count - more] + ends[more:]
    for place in np.argsort(-pairs, axis=None, kind="stable")[:N_BEST]:
        first, more = divmod(int(place), longest)
        if pairs[first, more] > -np.inf:
            yield Candidate(float(pairs[first, more]), window.first + first, window.first + first + more)
