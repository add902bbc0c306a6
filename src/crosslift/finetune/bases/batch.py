"""The values of a fine-tuning step: the labelled batch, the model's input, and one pass through the model.

In shapes, `batch` is the number of rows: `choices` per example for multiple_choice, else one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from crosslift.encoder.inputs import IGNORED, Inputs, pad
from crosslift.encoder.layers import LowerLayers
from crosslift.heads.intent_slot import IMPOSSIBLE, at_sentence
from crosslift.heads.task_model import Output, TaskModel
from crosslift.train.batch import Batch
from crosslift.train.task_items import TaskItem


@dataclass(frozen=True)
class LabelledBatch(Batch):
    """Inputs with their labels, and perhaps a view of each row."""

    inputs: Inputs
    labels: Tensor | None
    """(examples,) indices of labels or choices; for extractive_qa (batch, 2), positions of the first and last token of
    the answer; None where tokens are labelled (tagging, intent_slot), in `inputs.targets`."""
    view: Inputs | None = None
    """A view of each row, with its own targets, where a method compares the two."""
    drawn: tuple[Batch | None, ...] = ()
    """The random values that each method of the recipe drew for itself."""
    balance: Tensor | None = None
    """(batch, 2), for intent_slot: weights of the losses of intents and of tags, the same in all rows.  They make the
    sum of the two means a mean over all labels of the step, so that the step may be split."""

    def labels_of(self, inputs: Inputs) -> Tensor:
        """Return the labels of the rows or of their view.

        Returns:
            (examples,); (batch, length) for tagging and intent_slot; (batch, 2) for extractive_qa.
        """
        labels = inputs.targets if self.labels is None else self.labels
        assert labels is not None
        return labels

    @property
    def choices(self) -> int:
        """The number of rows per example."""
        return 1 if self.labels is None else len(self.inputs) // len(self.labels)

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.inputs) // self.choices

    @property
    def lengths(self) -> Tensor:
        """Tokens per example over all its rows, (examples,)."""
        return super().lengths.view(-1, self.choices).sum(dim=1)

    def select(self, rows: Tensor) -> Self:
        """Return some examples, given their indices (n,), each with all of its rows."""
        if self.labels is None:
            return super().select(rows)
        each = (rows.unsqueeze(1) * self.choices + torch.arange(self.choices, device=rows.device)).flatten()
        return replace(Batch.select(replace(self, labels=None), each), labels=self.labels[rows])

    def class_logits(self, logits: Tensor, inputs: Inputs) -> Tensor:
        """Return logits with their classes in the last dimension, as they are compared with labels.

        Args:
            logits: as `TaskModel.logits` returns them.
            inputs: (batch, length) fields, which the logits were computed from.

        Returns:
            (examples, labels); (batch, length, labels) for tagging and intent_slot; (examples, choices) for
            multiple_choice; (batch, 2, length) for extractive_qa, whose classes are positions: padding is impossible.
        """
        if logits.ndim == 1:
            return logits.view(-1, self.choices)
        if self.labels is None or self.labels.ndim == 1:
            return logits
        padding = (inputs.mask == 0).unsqueeze(-1)
        return logits.masked_fill(padding, IMPOSSIBLE).transpose(1, 2)


def possible(logits: Tensor) -> Tensor:
    """Return which classes are possible, (n, classes) bool, given logits (n, classes).

    Padding is no position of an answer, and in intent_slot tasks a word has no intent and the sentence token no tag.
    """
    return logits > IMPOSSIBLE / 2


@dataclass(frozen=True)
class ModelInput:
    """The input of a pass: token inputs, and what replaces their embeddings or is added to their states."""

    inputs: Inputs
    embeddings: Tensor | None = None
    """(batch, length, embedding), word embeddings to use instead of the encoder's."""
    shift: Tensor | None = None
    """(batch, length, hidden), added to the states of the last layer, or to those of `lower`."""
    lower: LowerLayers | None = None
    """The lower layers with their outputs of an earlier pass, which are not computed again."""

    def output(self, model: TaskModel) -> Output:
        """Return logits and last states."""
        if self.lower is None:
            return model.outputs(self.inputs, self.embeddings, self.shift)
        assert self.shift is not None
        with self.lower.replayed(self.shift):
            return model.outputs(self.inputs)


@dataclass(frozen=True)
class Pass:
    """One pass through the model, and the labels of its rows."""

    model_input: ModelInput
    output: Output
    """Its logits are those of `LabelledBatch.class_logits`."""
    labels: Tensor
    """As `LabelledBatch.labels_of` returns them; IGNORED where there is no label."""
    balance: Tensor | None = None
    """As in the batch."""

    @property
    def inputs(self) -> Inputs:
        """The token inputs."""
        return self.model_input.inputs

    @property
    def count(self) -> int:
        """The number of labels."""
        return int((self.labels != IGNORED).sum())

    @property
    def sentence_labels(self) -> Tensor:
        """Labels of whole sentences, (batch,): intents for intent_slot; for tagging the tags, (batch, length)."""
        return self.labels if self.balance is None else self.labels[at_sentence(self.inputs)]

    @property
    def predictions(self) -> list[tuple[Tensor | float, Tensor, Tensor]]:
        """The weight of each prediction loss, a scalar, its logits (n, classes) and its labels (n,).

        One entry; for intent_slot two, intents and tags.
        """
        logits = self.output.logits.float()
        if self.balance is None:
            return [(1.0, logits.flatten(0, -2), self.labels.flatten())]
        intents = at_sentence(self.inputs)
        weights = self.balance[0]
        return [(weights[index], logits[where], self.labels[where]) for index, where in enumerate((intents, ~intents))]


def labelled_batch(model: TaskModel, rows: Sequence[TaskItem], choices: int) -> LabelledBatch:
    """Return the padded batch of rows, `choices` consecutive ones per example."""
    inputs = model.encoder.collate([row.tokens for row in rows])
    if model.task_type in ("tagging", "intent_slot"):
        tags = pad([row.label for row in rows if isinstance(row.label, tuple)], IGNORED)
        inputs = replace(inputs, targets=tags)
        return LabelledBatch(inputs, None, balance=_balance(inputs) if model.task_type == "intent_slot" else None)
    return LabelledBatch(inputs, torch.tensor([row.label for row in rows[::choices]]))


def _balance(inputs: Inputs) -> Tensor:
    """Return all labels over those of intents and over those of tags, (batch, 2), the same in all rows."""
    assert inputs.targets is not None
    labelled, intents = inputs.targets != IGNORED, at_sentence(inputs)
    counts = torch.stack([(labelled & intents).sum(), (labelled & ~intents).sum()])
    return (counts.sum() / counts.clamp(min=1)).expand(len(inputs), 2)
