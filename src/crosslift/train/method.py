"""The method contract: settings plus `loss(model, batch)`, and the batches it needs."""

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
"""Named parts of a loss, each a scalar mean over the batch's units; the loop adds them up and logs each."""
Backward = Callable[[Terms], None]


@dataclass(frozen=True)
class Pool:
    """Items that share batches, and the share of batches that are theirs."""

    items: Sequence[Any]
    share: float = 1.0


class Method(BaseModel, ABC):
    """One idea from one paper: its settings are fields, its idea is `loss`.

    A method is handed the model (an Encoder in alignment, a TaskModel in fine-tuning) and never keeps it; the loop
    owns the optimizer.  What it needs beside the model is its `auxiliary`, which the loop owns too.  Chance enters in
    `collate` alone, once for a whole step, so that a step split into parts computes what the whole step would.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_type: ClassVar[Literal["text", "bitext", "task"]]
    """What an item of its stream is: one text (`Tokens`), a sentence pair (`TokenPair`), or a labelled example."""
    requires: ClassVar[frozenset[str]] = frozenset()
    """What items must carry beside tokens: "links" (word links of a pair) or "words" (`Tokens.words`)."""
    splittable: ClassVar[bool] = True
    """False where the rest of the batch is part of the loss (in-batch negatives): the loop then never splits it."""
    gathers: ClassVar[bool] = False
    """True where a method that is not splittable gathers the rows of all processes (`train.gather`)."""
    paper: ClassVar[str]
    """Reference of the paper it reproduces."""

    def auxiliary_module(self, model: Any) -> nn.Module | None:
        """Return what the method needs beside the model, or None: a frozen copy, a queue, a projection, a decoder.

        Called once before the first step, with torch's generator seeded.  The loop moves it, trains its parameters
        that require a gradient, saves and restores it, hands it to `step`, and drops it after the stage.  What changes
        while training lives in its buffers, never on the method.
        """
        del model
        return None

    def files(self) -> tuple[str, ...]:
        """Return patterns of the files that the method reads by itself, a lexicon say: they shape what it makes."""
        return ()

    def pools(self, items: Sequence[Any]) -> Sequence[Pool]:
        """Return what the items of a batch are drawn from, each batch from one pool; an epoch is counted by the first.

        One pool of all items, unless what a batch holds is the method's idea.
        """
        return (Pool(items),)

    @abstractmethod
    def collate(self, model: Any, items: Sequence[Any], generator: torch.Generator) -> Batch:
        """Return the batch of one step; `generator` is the only source of chance."""

    @abstractmethod
    def loss(self, model: Any, batch: Batch, *auxiliary: Any) -> Terms:
        """Return named scalar terms, each a mean over `units(batch)`.

        A method with an extra takes it as third argument; one without takes two.
        """

    def num_targets(self, batch: Batch) -> int:
        """Return how many things the loss averages over: examples, unless a method says otherwise (masked tokens)."""
        return len(batch)

    def step(self, model: Any, batch: Batch, backward: Backward, auxiliary: nn.Module | None = None) -> Terms:
        """Compute the loss and its gradients; override where a method needs more than one pass."""
        terms = self.loss(model, batch) if auxiliary is None else self.loss(model, batch, auxiliary)
        backward(terms)
        return terms

    def after_step(self, model: Any, auxiliary: nn.Module | None) -> None:
        """Act once the optimizer has stepped, without gradients: move a momentum copy, say."""
