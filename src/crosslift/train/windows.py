"""Windows over the context of a question: each row has the question and a part of the context.

Windows overlap, so that an answer at the edge of one is well inside another.
Source: BERT's reader for SQuAD, Devlin et al. 2019, arXiv 1810.04805 (released code), which XTREME's scripts share.
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

QUESTION_LENGTH = 64
"""Tokens that a question is truncated to, as in the released code."""
NOWHERE = (0, 0)
"""Positions of start and end in a window without the answer: its first token."""


@dataclass(frozen=True, slots=True)
class Window:
    """A question and a part of its context as one row."""

    tokens: Tokens
    example: int
    """Index of the example."""
    first: int
    """Index of the part's first token among the tokens of the context."""
    count: int
    """Number of tokens of the part."""

    @property
    def begin(self) -> int:
        """Position in the row at which the part of the context, the row's last text, begins."""
        stop = len(self.tokens)
        while self.tokens.special[stop - 1]:
            stop -= 1
        return stop - self.count


@dataclass(frozen=True)
class ReadContexts:
    """The windows of examples, and the character offsets of their contexts' tokens."""

    windows: list[Window]
    """Those of an example together, in order."""
    places: list[Places]
    """By example: (tokens, 2), first character and the one after the last of each token of the context."""


def sides(language: str) -> tuple[str, str]:
    """Return the languages of context and question; MLQA writes ``en-de`` for English contexts and German questions.

    >>> sides("en-de"), sides("sw")
    (('en', 'de'), ('sw', 'sw'))
    """
    context, _, question = language.partition("-")
    return context, question or context


def read_contexts(
    encoder: Encoder, examples: Sequence[ExtractiveQAExample], *, max_length: int, doc_stride: int, language: str
) -> ReadContexts:
    """Split the contexts of examples into windows.

    Args:
        encoder: has the tokenizer.
        examples: of one language.
        max_length: tokens of a window, question and special tokens included; never more than the encoder takes.
        doc_stride: tokens from the start of one window of a context to the start of the next.
        language: of all examples, or of context and question: ``en-de``.

    Raises:
        DataError: a context without any token.
        RecipeError: `max_length` leaves no room for a context.
    """
    context, question = sides(language)
    contexts = _located(encoder, [example.context for example in examples], context)
    questions = _located(encoder, [example.question for example in examples], question)
    splitter = _Splitter(encoder, min(max_length, encoder.max_length), doc_stride)
    windows = [
        window
        for number, example in enumerate(examples)
        for window in splitter.windows(number, questions[example.question], _whole(contexts, example))
    ]
    return ReadContexts(windows, [contexts[example.context].places for example in examples])


def _located(encoder: Encoder, texts: Sequence[str], language: str) -> dict[str, LocatedText]:
    """Return each distinct text located, since a context has several questions."""
    own = list(dict.fromkeys(texts))
    return dict(zip(own, locate(encoder, own, language=language), strict=True))


def _whole(contexts: dict[str, LocatedText], example: ExtractiveQAExample) -> LocatedText:
    context = contexts[example.context]
    if not len(context.tokens):
        raise DataError(f"example {example.id}: the context {example.context!r} has no token that could be an answer")
    return context


@dataclass
class _Splitter:
    """Splits contexts into windows of at most `limit` tokens, `stride` tokens apart."""

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
            part = context.part(first, room)
            yield Window(self.encoder.join(asked, part, max_length=self.limit), number, first, len(part))

    def _special(self, question: LocatedText, context: LocatedText) -> int:
        """Return the number of special tokens of a pair, which is the same for all examples of a language."""
        if self._added is None:
            one, other = question.part(0, 1), context.part(0, 1)
            self._added = len(self.encoder.join(one, other)) - len(one) - len(other)
            if self.limit < self._added + 2:
                raise RecipeError(
                    f"max_length: {self.limit} leaves no room for question and context next to the {self._added} "
                    f"special tokens of a pair; give at least {self._added + 2}"
                )
        return self._added


def _starts(total: int, room: int, stride: int) -> Iterator[int]:
    """Yield the first token of each window, until a window reaches the end."""
    first = 0
    yield first
    while first + room < total:
        first += stride
        yield first


def answer_positions(window: Window, example: ExtractiveQAExample, places: Places) -> tuple[int, int]:
    """Return the positions in the row of the first and last token of the first accepted answer.

    They are `NOWHERE` in a window that lacks a part of the answer, and IGNORED for an example without answers.

    Args:
        window: a window of the example.
        example: question, context and answers.
        places: (tokens, 2), character offsets of the context's tokens.

    Raises:
        DataError: the answer is not at its stated place in the context.
    """
    if not example.answers:
        return IGNORED, IGNORED
    answer = example.answers[0]
    stop = answer.start + len(answer.text)
    if (found := example.context[answer.start : stop]) != answer.text:
        raise DataError(
            f"example {example.id}: expected the answer '{answer.text}' at character {answer.start} of the context, "
            f"found '{found}'"
        )
    covered = np.flatnonzero((places[:, 0] < stop) & (places[:, 1] > answer.start))
    if not len(covered) or covered[0] < window.first or covered[-1] >= window.first + window.count:
        return NOWHERE
    shift = window.begin - window.first
    return int(covered[0]) + shift, int(covered[-1]) + shift
