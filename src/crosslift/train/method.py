"""The method contract: settings plus `loss(model, batch)`, and the batches it needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from crosslift.train.batch import Batch

Terms = Mapping[str, Tensor]
"""Named parts of a loss, each a scalar mean over the batch's units; the loop adds them up and logs each."""
Backward = Callable[[Terms], None]


class Method(BaseModel, ABC):
    """One idea from one paper: its settings are fields, its idea is `loss`.

    A method is handed the model (an Encoder in alignment, a TaskModel in fine-tuning) and never keeps it; the loop
    owns the optimizer.  Chance enters in `collate` alone, once for a whole step, so that a step split into parts
    computes what the whole step would.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reads: ClassVar[Literal["text", "bitext", "task"]]
    """What an item of its stream is: one text, a sentence pair, or a labelled example."""
    splittable: ClassVar[bool] = True
    """False where the rest of the batch is part of the loss (in-batch negatives): the loop then never splits it."""
    paper: ClassVar[str]
    """Reference of the paper it reproduces."""

    @abstractmethod
    def collate(self, model: Any, items: Sequence[Any], generator: torch.Generator) -> Batch:
        """Return the batch of one step; `generator` is the only source of chance."""

    @abstractmethod
    def loss(self, model: Any, batch: Batch) -> Terms:
        """Return named scalar terms, each a mean over `units(batch)`."""

    def units(self, batch: Batch) -> int:
        """Return how many things the loss averages over: examples, unless a method says otherwise (masked tokens)."""
        return len(batch)

    def step(self, model: Any, batch: Batch, backward: Backward) -> Terms:
        """Compute the loss and its gradients; override where a method needs more than one pass."""
        terms = self.loss(model, batch)
        backward(terms)
        return terms
