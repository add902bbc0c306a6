"""The logits of windows -> one answer a question.

A start counts only in the window that shows most of the context around it, and an answer has at most 30 tokens, as in
BERT's reading of SQuAD, which XTREME's scripts share.  That looks at pairs of the 20 best starts and the 20 best ends
of a window; here all pairs are looked at, so that there is always an answer, and the 20 best are kept.
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
"""Tokens of an answer, at most."""
N_BEST = 20
"""Answers of a question that are kept; the probability is a share among them."""
Scores = NDArray[np.float64]


class Candidate(NamedTuple):
    """A possible answer."""

    score: float
    """Logit of the start plus logit of the end."""
    start: int
    """Number of the first token in the context."""
    end: int
    """Number of the last one."""


def answers(
    examples: Sequence[ExtractiveQAExample], read: ReadContexts, logits: Sequence[Tensor], *, language: str
) -> Iterator[dict[str, Any]]:
    """Yield the record of each example.

    Beside id, prediction (a text) and gold (a list of texts, or None) it has `start`, the answer's first character in
    the context; `score`, the sum of its two logits; `probability`, among the best answers; and `language`, that of the
    context, which the metrics of MLQA go by.

    Args:
        examples: in the order of `read.places`.
        read: their windows.
        logits: (1, length, 2), one a window.
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
    """Return the best answers of one question, over its windows, the best one first.

    Args:
        rows: each window with its logits, (length, 2): start and end.
    """
    owners = best_windows([window for window, _ in rows])
    found = [
        candidate for number, (window, scores) in enumerate(rows) for candidate in _of(window, scores, owners == number)
    ]
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.start, candidate.end))[:N_BEST]


def best_windows(windows: Sequence[Window]) -> NDArray[np.int64]:
    """Return for each token of a context the number of the window that shows most around it.

    That is the one with the larger of the smaller sides; the longer one of equals, the first of those.
    """
    total = max(window.first + window.count for window in windows)
    shown = np.full((len(windows), total), -1.0)
    for row, window in zip(shown, windows, strict=True):
        left = np.arange(window.count)
        row[window.first : window.first + window.count] = np.minimum(left, left[::-1]) + 0.01 * window.count
    owners: NDArray[np.int64] = shown.argmax(axis=0)
    return owners


def _of(window: Window, logits: Scores, owned: NDArray[np.bool_]) -> Iterator[Candidate]:
    """Yield the best answers that begin in the tokens that a window owns."""
    starts, ends = logits[window.begin : window.begin + window.count].T
    starts = np.where(owned[window.first : window.first + window.count], starts, -np.inf)
    longest = min(ANSWER_LENGTH, window.count)
    pairs = np.full((window.count, longest), -np.inf)  # by first token, and by tokens that follow it
    for more in range(longest):
        pairs[: window.count - more, more] = starts[: window.count - more] + ends[more:]
    for place in np.argsort(-pairs, axis=None, kind="stable")[:N_BEST]:
        first, more = divmod(int(place), longest)
        if pairs[first, more] > -np.inf:
            yield Candidate(float(pairs[first, more]), window.first + first, window.first + first + more)
