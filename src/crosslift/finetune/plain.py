"""Plain fine-tuning: cross-entropy on the source language's labels; the baseline of every other method.

Paper: Devlin et al. 2019, arXiv 1810.04805; zero-shot as in Hu et al. 2020 (XTREME), arXiv 2003.11080.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional

from crosslift.encoder.heads import TaskModel
from crosslift.encoder.inputs import IGNORED, Inputs, pad
from crosslift.train.batch import Batch
from crosslift.train.features import TaskItem
from crosslift.train.method import Method, Terms


@dataclass(frozen=True)
class LabelledBatch(Batch):
    """Inputs with one label a row in `labels`, or one label a token in `inputs.targets`."""

    inputs: Inputs
    labels: Tensor | None


class Plain(Method):
    """Cross-entropy on the labels."""

    reads: ClassVar[Literal["text", "bitext", "task"]] = "task"
    paper: ClassVar[str] = "Devlin et al. 2019, arXiv 1810.04805"

    def collate(self, model: TaskModel, items: Sequence[TaskItem], generator: torch.Generator) -> LabelledBatch:
        """Pad the examples; nothing is drawn at random."""
        del generator
        inputs = model.encoder.collate([item.tokens for item in items])
        if model.kind == "tagging":
            tags = pad([item.label for item in items if isinstance(item.label, tuple)], IGNORED)
            return LabelledBatch(replace(inputs, targets=tags), None)
        return LabelledBatch(inputs, torch.tensor([item.label for item in items]))

    def units(self, batch: LabelledBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return the number of labels: examples, or tagged tokens."""
        if batch.inputs.targets is None:
            return len(batch)
        return int((batch.inputs.targets != IGNORED).sum())

    def loss(self, model: TaskModel, batch: LabelledBatch) -> Terms:  # type: ignore[override]
        """Return the mean cross-entropy."""
        logits = model.logits(batch.inputs)  # (batch, labels), or (batch, length, labels) for tagging
        labels = batch.inputs.targets if batch.labels is None else batch.labels
        assert labels is not None
        total = functional.cross_entropy(
            logits.float().flatten(0, -2), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        return {"task": total / max(1, self.units(batch))}
