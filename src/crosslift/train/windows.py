"""Windows over a question's context: the question is kept, a context too long for one row is cut into pieces.

Pieces overlap, so that an answer at the edge of one stands well inside another.
Source: the reading of SQuAD in Devlin et al. 2019, arXiv 1810.04805 (released code), which XTREME's scripts share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from crosslift.api.examples import ExtractiveQAExample
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Tokens
from crosslift.encoder.offsets import LocatedText, Places, locate
from crosslift.errors import DataError, RecipeError

DOC_STRIDE = 128
"""Tokens from the beginning of one window's context to that of the next."""
QUESTION_LENGTH = 64
"""Tokens that a question is cut to, as in the released code."""
NOWHERE = (0, 0)
"""Where a window without the answer points: at its first token."""


@dataclass(frozen=True, slots=True)
class Window:
    """A question and a piece of its context as one row."""

    tokens: Tokens
    example: int
    """Index of the example."""
    first: int
    """Number of the first token of the piece among the tokens of the context."""
    count: int
    """Tokens of the piece."""

    @property
    def begin(self) -> int:
        """The position in the row at which the piece begins; it is the last text there is."""
        stop = len(self.tokens)
        while self.tokens.special[stop - 1]:
            stop -= 1
        return stop - self.count


@dataclass(frozen=True)
class ReadContexts:
    """The windows of examples, those of one together and in order, and where its context's tokens stand."""

    windows: list[Window]
    places: list[Places]
    """By example."""


def sides(language: str) -> tuple[str, str]:
    """Return the languages of context and question: MLQA writes ``en-de`` for English contexts, German questions.

    >>> sides("en-de"), sides("sw")
    (('en', 'de'), ('sw', 'sw'))
    """
    context, _, question = language.partition("-")
    return context, question or context


def read_contexts(
    encoder: Encoder, examples: Sequence[ExtractiveQAExample], *, max_length: int, doc_stride: int, language: str
) -> ReadContexts:
    """Cut the contexts of examples into windows.

    Args:
        encoder: whose tokens they are.
        examples: of one language.
        max_length: tokens of a window, question and special ones included; never more than the encoder takes.
        doc_stride: tokens from the beginning of one window's context to that of the next.
        language: of all examples, or of context and question: ``en-de``.

    Raises:
        DataError: a context without any token.
        RecipeError: `max_length` leaves no room for a context.
    """
    context, question = sides(language)
    contexts = _located(encoder, [example.context for example in examples], context)
    questions = _located(encoder, [example.question for example in examples], question)
    cut = _Cut(encoder, min(max_length, encoder.max_length), doc_stride)
    windows = [
        window
        for number, example in enumerate(examples)
        for window in cut.windows(number, questions[example.question], _whole(contexts, example))
    ]
    return ReadContexts(windows, [contexts[example.context].places for example in examples])


def _located(encoder: Encoder, texts: Sequence[str], language: str) -> dict[str, LocatedText]:
    """Return each text once: a context has several questions."""
    own = list(dict.fromkeys(texts))
    return dict(zip(own, locate(encoder, own, language=language), strict=True))


def _whole(contexts: dict[str, LocatedText], example: ExtractiveQAExample) -> LocatedText:
    context = contexts[example.context]
    if not len(context.tokens):
        raise DataError(f"example {example.id}: the context {example.context!r} has no token that could be an answer")
    return context


@dataclass
class _Cut:
    """How contexts are cut: for an encoder, to a length, in strides."""

    encoder: Encoder
    limit: int
    stride: int
    _added: int | None = None

    def windows(self, number: int, question: LocatedText, context: LocatedText) -> Iterator[Window]:
        """Yield the windows of an example."""
        free = self.limit - self._special(question, context)
        asked = question.part(0, min(QUESTION_LENGTH, free // 2))
        room = free - len(asked)
        total = len(context.tokens)
        for first in _starts(total, room, min(self.stride, room)):
            piece = context.part(first, room)
            yield Window(self.encoder.join(asked, piece, max_length=self.limit), number, first, len(piece))

    def _special(self, question: LocatedText, context: LocatedText) -> int:
        """Return how many special tokens a pair has; equally many for all examples of a language."""
        if self._added is None:
            one, other = question.part(0, 1), context.part(0, 1)
            self._added = len(self.encoder.join(one, other)) - len(one) - len(other)
            if self.limit < self._added + 2:
                raise RecipeError(
                    f"max_length: {self.limit} leaves no room for question and context beside the {self._added} "
                    f"special tokens of a pair; give at least {self._added + 2}"
                )
        return self._added


def _starts(total: int, room: int, stride: int) -> Iterator[int]:
    """Yield where windows begin, until one reaches the end."""
    first = 0
    yield first
    while first + room < total:
        first += stride
        yield first


def answer_positions(window: Window, example: ExtractiveQAExample, places: Places) -> tuple[int, int]:
    """Return the positions in the row of the answer's first and last token.

    A window that has not all of the first accepted answer points at `NOWHERE`; an example without answers has IGNORED.

    Args:
        window: of the example.
        example: question, context and answers.
        places: of the context's tokens.

    Raises:
        DataError: the answer does not stand where it says.
    """
    if not example.answers:
        return IGNORED, IGNORED
    answer = example.answers[0]
    stop = answer.start + len(answer.text)
    if (found := example.context[answer.start : stop]) != answer.text:
        raise DataError(
            f"example {example.id}: the answer '{answer.text}' is said to begin at character {answer.start} of the "
            f"context, where '{found}' stands"
        )
    covered = np.flatnonzero((places[:, 0] < stop) & (places[:, 1] > answer.start))
    if not len(covered) or covered[0] < window.first or covered[-1] >= window.first + window.count:
        return NOWHERE
    shift = window.begin - window.first
    return int(covered[0]) + shift, int(covered[-1]) + shift
