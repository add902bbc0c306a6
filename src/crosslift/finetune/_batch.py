"""What a fine-tuning step works on: labelled rows, what the model reads of them, and what it makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from crosslift.encoder.heads import Output, TaskModel
from crosslift.encoder.inputs import IGNORED, Inputs
from crosslift.train.batch import Batch


@dataclass(frozen=True)
class LabelledBatch(Batch):
    """Inputs with one label a row in `labels`, or one label a token in `inputs.targets`; perhaps their view."""

    inputs: Inputs
    labels: Tensor | None
    view: Inputs | None = None
    """A second reading of each row, with targets of its own, where a method compares two."""
    drawn: tuple[Batch | None, ...] = ()
    """What each method of the recipe drew for itself."""

    def labels_of(self, inputs: Inputs) -> Tensor:
        """Return the labels of the sentences or of their view: (batch,), or (batch, length) for tags."""
        labels = inputs.targets if self.labels is None else self.labels
        assert labels is not None
        return labels


@dataclass(frozen=True)
class Reading:
    """What the model is handed: inputs, and what stands in for their word embeddings or is added to the last states."""

    inputs: Inputs
    embeddings: Tensor | None = None
    """(batch, length, width)."""
    shift: Tensor | None = None
    """(batch, length, hidden)."""

    def output(self, model: TaskModel) -> Output:
        """Return logits and last states."""
        return model.outputs(self.inputs, self.embeddings, self.shift)


@dataclass(frozen=True)
class Pass:
    """One pass through the model, and the labels of its rows."""

    reading: Reading
    output: Output
    labels: Tensor
    """(batch,), or (batch, length) with IGNORED where there is none."""

    @property
    def inputs(self) -> Inputs:
        """What was read."""
        return self.reading.inputs

    @property
    def count(self) -> int:
        """How many labels there are."""
        return int((self.labels != IGNORED).sum())
