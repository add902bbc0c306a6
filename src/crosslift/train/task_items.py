"""Task items: tokenized examples, the items of a task's stream in training and prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.encoder.inputs import Tokens
from crosslift.errors import DataError


@dataclass(frozen=True, slots=True)
class TaskItem:
    """A tokenized example, a part of a long tagged sentence, or a window of a context.

    `label` is the index of the label, or IGNORED where there is none.  For tagging it is one index per token: the tag
    at the first subword of a word, or at all of them, and IGNORED elsewhere; an intent_slot example has the intent at
    the sentence token of its first part.  For extractive QA it is the positions of the answer's first and last token.
    `example` is the index of the example; `first_word` that of the part's first word, or of the window's first token.
    """

    tokens: Tokens
    label: int | tuple[int, ...]
    example: int
    first_word: int = 0

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def rows(self) -> tuple[TaskItem, ...]:
        """The rows that a model reads: the item itself."""
        return (self,)


@dataclass(frozen=True, slots=True)
class MultipleChoiceItem:
    """A tokenized multiple-choice example: one row per choice, each labelled with the index of the right choice."""

    rows: tuple[TaskItem, ...]

    def __len__(self) -> int:
        """Return the tokens of the rows, padding included."""
        return len(self.rows) * max(map(len, self.rows))

    @property
    def label(self) -> int | tuple[int, ...]:
        """Index of the right choice; IGNORED where it is unknown."""
        return self.rows[0].label

    @property
    def example(self) -> int:
        """Index of the example."""
        return self.rows[0].example


Item = TaskItem | MultipleChoiceItem


def rows_of(items: Sequence[Item]) -> list[TaskItem]:
    """Return the rows that a model reads, those of an item together."""
    return [row for item in items for row in item.rows]


def choices_of(items: Sequence[Item]) -> int:
    """Return the number of rows per item: that of its choices, or 1.

    Raises:
        DataError: it differs; a batch compares examples with equally many choices.
    """
    counts = [len(item.rows) for item in items]
    for item, count in zip(items, counts, strict=True):
        if count != counts[0]:
            raise DataError(
                f"example number {item.example} has {count} choices and example number {items[0].example} has "
                f"{counts[0]}; to be trained on, all examples need the same number of choices"
            )
    return counts[0]
