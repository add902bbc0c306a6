"""The index of each label of a task."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.api.examples import Example
from crosslift.encoder.inputs import IGNORED
from crosslift.errors import DataError, unknown


class LabelIndex(dict[str, int]):
    """Label to index.

    Args:
        labels: in the order of a model's outputs.
        is_open: whether examples may have other labels, which no output predicts.
    """

    def __init__(self, labels: Sequence[str], *, is_open: bool = False) -> None:
        super().__init__({label: number for number, label in enumerate(labels)})
        self.is_open = is_open

    def of(self, example: Example, label: str | None) -> int:
        """Return the index of an example's label; IGNORED where it has none, or an unknown one where labels are open.

        Raises:
            DataError: an unknown label.
        """
        if label is None or (self.is_open and label not in self):
            return IGNORED
        if label not in self:
            raise DataError(f"example {example.id}: {unknown('label', label, self)}")
        return self[label]
