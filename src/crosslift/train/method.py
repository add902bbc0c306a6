"""The contract of a method: settings, `loss(model, batch)`, and the batches it needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from crosslift.train.batch import Batch

Terms = Mapping[str, Tensor]
"""Named parts of a loss, each a scalar mean over the batch's targets; the loop sums them and logs each."""
Backward = Callable[[Terms], None]
"""Adds the gradients of terms to the parameters."""


@dataclass(frozen=True)
class Pool:
    """Items that are batched together, and their share of the batches."""

    items: Sequence[Any]
    share: float = 1.0


class Method(BaseModel, ABC):
    """One idea from one paper: its settings are fields, its idea is `loss`.

    A method receives the model (an Encoder in alignment, a TaskModel in fine-tuning) and never keeps it; the loop owns
    the optimizer.  Whatever else it needs is its auxiliary module, which the loop owns too.  Random numbers are drawn
    only in `collate`, once for a whole step, so that a step split into parts computes the same as the whole step.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_type: ClassVar[Literal["text", "bitext", "task"]]
    """Items of its stream: texts (`Tokens`), sentence pairs (`TokenPair`), or labelled examples (`task_items.Item`)."""
    requires: ClassVar[frozenset[str]] = frozenset()
    """Additional parts of an item: "links" (word links of a pair) or "words" (`Tokens.words`)."""
    splittable: ClassVar[bool] = True
    """False if the loss of a row depends on the rest of the batch (in-batch negatives): the loop never splits it."""
    gathers: ClassVar[bool] = False
    """True if a method that is not splittable gathers the rows of all processes (`train.all_gather`)."""
    paper: ClassVar[str]
    """Reference of the paper that it reproduces."""

    def auxiliary_module(self, model: Any) -> nn.Module | None:
        """Return a module that the method needs besides the model (a frozen copy, a queue, a decoder), or None.

        Called once before the first step, with torch's generator seeded.  The loop moves the module to the device,
        trains its parameters that require a gradient, saves and restores it, passes it to `step`, and drops it after
        the stage.  State that changes in training belongs in its buffers, never on the method.
        """
        del model
        return None

    def files(self) -> tuple[str, ...]:
        """Return glob patterns of the files that the method reads, such as a lexicon; they are part of a cache key."""
        return ()

    def pools(self, items: Sequence[Any]) -> Sequence[Pool]:
        """Return the pools that batches are drawn from, each batch from one; the first pool defines an epoch.

        One pool of all items by default; overridden by methods whose idea is the composition of a batch.
        """
        return (Pool(items),)

    @abstractmethod
    def collate(self, model: Any, items: Sequence[Any], generator: torch.Generator) -> Batch:
        """Return the batch of one step.

        Args:
            model: as for `loss`.
            items: items of the step.
            generator: the only source of random numbers.
        """

    @abstractmethod
    def loss(self, model: Any, batch: Batch, *auxiliary: Any) -> Terms:
        """Return named scalar terms, each a mean over `num_targets(batch)` targets.

        Args:
            model: an Encoder or a TaskModel.
            batch: made by `collate`.
            auxiliary: the auxiliary module, if the method has one; a method without one takes two arguments.
        """

    def num_targets(self, batch: Batch) -> int:
        """Return the number of targets that the loss is averaged over: examples by default, masked tokens in MLM."""
        return len(batch)

    def step(self, model: Any, batch: Batch, backward: Backward, auxiliary: nn.Module | None = None) -> Terms:
        """Compute the loss and its gradients, and return the scalar terms; overridden by methods with several passes.

        Args:
            model: as for `loss`.
            batch: as for `loss`.
            backward: adds the gradients of terms to the parameters; called at least once.
            auxiliary: the auxiliary module, if the method has one.
        """
        terms = self.loss(model, batch) if auxiliary is None else self.loss(model, batch, auxiliary)
        backward(terms)
        return terms

    def after_step(self, model: Any, auxiliary: nn.Module | None) -> None:
        """Called after each step of the optimizer, without gradients; for example to update a momentum copy."""
