"""Hard negatives of tagged sentences: the value of one slot is replaced by another value of that slot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from crosslift.augment.words import replaced
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs, Tokens
from crosslift.finetune.bases.span_contrast import spans_of
from crosslift.train.batch import Batch
from crosslift.train.task_items import TaskItem

Subwords = tuple[int, ...]
Key = tuple[int, int]
"""Index of an example, and the first word of a part of it."""


@dataclass(frozen=True)
class HardNegatives(Batch):
    """Sentences with a different meaning: a view of each with another value in one slot."""

    inputs: Inputs
    spans: Tensor
    """(batch, 3): number of the slot, first token of its new value, and the one past the last; -1 where no value was
    replaced and the row is the view itself."""

    @property
    def there(self) -> Tensor:
        """Whether each row is a hard negative, (batch,) bool."""
        return self.spans[:, 0] >= 0


@dataclass(frozen=True)
class Value:
    """The value of a slot of a sentence."""

    slot: str
    start: int
    stop: int
    subwords: Subwords
    meaning: Subwords
    """The subwords of the sentence there, before a view changed them."""


class ValueSampler:
    """Draws other values of a slot from the views of the batch or, if those have none, from the training data.

    Two values are equal if the original sentences have the same subwords there, whatever the views changed.

    Args:
        items: the training data, before any view.
        labels: the names of its labels.
    """

    def __init__(self, items: Iterable[TaskItem], labels: Sequence[str]) -> None:
        self.labels = labels
        self._known: dict[Key, list[Value]] = {}
        known: dict[str, dict[Subwords, Value]] = {}
        for item in items:
            values = self._known[item.example, item.first_word] = values_of(item, labels)
            for value in values:
                known.setdefault(value.slot, {}).setdefault(value.subwords, value)
        self._training = {slot: list(values.values()) for slot, values in known.items()}

    def negatives(self, encoder: Encoder, views: Sequence[TaskItem], generator: torch.Generator) -> HardNegatives:
        """Return hard negatives of the views; a view without a replaceable value is returned unchanged."""
        found = [self._values(view) for view in views]
        draws = torch.rand((len(views), 2), generator=generator).tolist()
        batch = [value for values in found for value in values]
        room = encoder.max_length
        rows = [
            self._exchanged(view.tokens, values, batch, draw, room)
            for view, values, draw in zip(views, found, draws, strict=True)
        ]
        inputs = encoder.collate([tokens for tokens, _ in rows])
        return HardNegatives(inputs, torch.tensor([span for _, span in rows]))

    def _values(self, view: TaskItem) -> list[Value]:
        """Return the values of a view with their original subwords, if the sentence is in the training data."""
        values = values_of(view, self.labels)
        known = self._known.get((view.example, view.first_word), [])
        if len(known) != len(values):
            return values
        pairs = zip(values, known, strict=True)
        return [Value(new.slot, new.start, new.stop, new.subwords, old.subwords) for new, old in pairs]

    def _exchanged(
        self, tokens: Tokens, values: Sequence[Value], batch: Sequence[Value], draw: Sequence[float], room: int
    ) -> tuple[Tokens, tuple[int, int, int]]:
        if not values:
            return tokens, (-1, -1, -1)
        number = int(draw[0] * len(values))
        old = values[number]
        others = _others(old, batch, room - len(tokens)) or _others(
            old, self._training.get(old.slot, ()), room - len(tokens)
        )
        if not others:
            return tokens, (-1, -1, -1)
        new = others[int(draw[1] * len(others))].subwords
        return replaced(tokens, {(old.start, old.stop): new}), (number, old.start, old.start + len(new))


def _others(old: Value, values: Iterable[Value], room: int) -> list[Value]:
    """Return the values of the same slot that mean something else and fit into the sentence."""
    taken = {old.subwords, old.meaning}
    return [
        value
        for value in values
        if value.slot == old.slot
        and not taken & {value.subwords, value.meaning}
        and len(value.subwords) - len(old.subwords) <= room
    ]


def values_of(item: TaskItem, labels: Sequence[str]) -> list[Value]:
    """Return the values of the slots of a tagged sentence, in order; their meaning is their own subwords."""
    assert isinstance(item.label, tuple)
    special, length = item.tokens.special, len(item.tokens)
    starts = [place for place, tag in enumerate(item.label) if tag != IGNORED and not special[place]]
    stops = [
        next((place for place in range(start + 1, following) if special[place]), following)
        for start, following in zip(starts, [*starts[1:], length], strict=True)
    ]
    tags = [labels[item.label[start]] for start in starts]
    values = []
    for first, past in spans_of(tags):
        start, stop = starts[first], stops[past - 1]
        subwords = item.tokens.ids[start:stop]
        values.append(Value(tags[first][2:], start, stop, subwords, subwords))
    return values


def has_slots(labels: Sequence[str]) -> bool:
    """Return whether some of the labels are tags of slots in IOB2."""
    return any(label.startswith("B-") for label in labels)
