"""What a fine-tuning step works on: labelled rows, what the model reads of them, and what it makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from crosslift.encoder.inputs import IGNORED, Inputs
from crosslift.encoder.layers import LowerLayers
from crosslift.heads.intent_slot import at_sentence
from crosslift.heads.task_model import Output, TaskModel
from crosslift.train.batch import Batch


@dataclass(frozen=True)
class LabelledBatch(Batch):
    """Inputs with one label an example in `labels`, or one label a token in `inputs.targets`; perhaps their view.

    A joint task has its intents among the labels of tokens, at the token of the sentence.

    An example is a row; one with choices is a row a choice, together, equally many for all examples of the batch.  A
    window of a context has two labels, the positions of the answer's first and last token: `labels` is (batch, 2).
    """

    inputs: Inputs
    labels: Tensor | None
    view: Inputs | None = None
    """A second reading of each row, with targets of its own, where a method compares two."""
    drawn: tuple[Batch | None, ...] = ()
    """What each method of the recipe drew for itself."""
    balance: Tensor | None = None
    """(batch, 2), for joint tasks: how many labels the whole step has for each intent, and for each tag; so that the
    sum of two means is a mean over all labels, and a step may be split."""

    def labels_of(self, inputs: Inputs) -> Tensor:
        """Return the labels of sentences or of their view: (batch,), (batch, length) for tags, (batch, 2) for spans."""
        labels = inputs.targets if self.labels is None else self.labels
        assert labels is not None
        return labels

    @property
    def choices(self) -> int:
        """How many rows an example has."""
        return 1 if self.labels is None else len(self.inputs) // len(self.labels)

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.inputs) // self.choices

    @property
    def lengths(self) -> Tensor:
        """(examples,): tokens an example costs, over all its rows."""
        return super().lengths.view(-1, self.choices).sum(dim=1)

    def select(self, rows: Tensor) -> Self:
        """Return these examples, each with all of its rows."""
        if self.labels is None:
            return super().select(rows)
        each = (rows.unsqueeze(1) * self.choices + torch.arange(self.choices, device=rows.device)).flatten()
        return replace(Batch.select(replace(self, labels=None), each), labels=self.labels[rows])

    def by_example(self, logits: Tensor, inputs: Inputs) -> Tensor:
        """Return logits as they are compared with labels.

        The scores of choices are (examples, choices); those of spans (batch, 2, length): the positions are the classes,
        of which padding is none.

        Args:
            logits: as `TaskModel.logits` returns them.
            inputs: what was read.
        """
        if logits.ndim == 1:
            return logits.view(-1, self.choices)
        if self.labels is None or self.labels.ndim == 1:
            return logits
        padding = (inputs.mask == 0).unsqueeze(-1)
        return logits.masked_fill(padding, torch.finfo(logits.dtype).min).transpose(1, 2)


@dataclass(frozen=True)
class ModelInput:
    """What the model is handed: inputs, and what stands in for their word embeddings or is added to the last states."""

    inputs: Inputs
    embeddings: Tensor | None = None
    """(batch, length, width)."""
    shift: Tensor | None = None
    """(batch, length, hidden): added to the last states, or to those of `lower`."""
    lower: LowerLayers | None = None
    """What the lower layers made of the inputs in an earlier pass."""

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
    labels: Tensor
    """(batch,), (batch, length) or, for spans, (batch, 2), with IGNORED where there is none."""
    balance: Tensor | None = None
    """As in the batch."""

    @property
    def inputs(self) -> Inputs:
        """What was read."""
        return self.model_input.inputs

    @property
    def count(self) -> int:
        """How many labels there are."""
        return int((self.labels != IGNORED).sum())

    @property
    def of_sentences(self) -> Tensor:
        """Labels of whole sentences, (batch,), the intents of a joint task; those of tagged tokens as they are."""
        return self.labels if self.balance is None else self.labels[at_sentence(self.inputs)]

    @property
    def task_types(self) -> list[tuple[Tensor | float, Tensor, Tensor]]:
        """What is predicted, by kind: a factor of its loss, logits (n, labels) or (n, choices), and labels (n,).

        One kind, unless the task is a joint one: then intents, and tags.
        """
        logits = self.output.logits.float()
        if self.balance is None:
            return [(1.0, logits.flatten(0, -2), self.labels.flatten())]
        whole = at_sentence(self.inputs)
        factors = self.balance[0]
        return [
            (factors[task_type], logits[where], self.labels[where]) for task_type, where in enumerate((whole, ~whole))
        ]
