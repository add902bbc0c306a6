"""Several methods, each on a model and a stream of its own, of which a step takes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import torch
from pydantic import PrivateAttr
from torch import Tensor, nn

from crosslift.train.batch import Batch
from crosslift.train.method import Backward, Method, Terms
from crosslift.train.mixed_batches import Drawn


@dataclass(frozen=True)
class PartBatch(Batch):
    """The batch of one of the methods."""

    batch: Batch
    part: Tensor
    """(batch,): the index of the method, the same in each row."""

    def __len__(self) -> int:
        return len(self.batch)

    @property
    def lengths(self) -> Tensor:
        """(batch,): tokens a row costs."""
        return self.batch.lengths

    @property
    def index(self) -> int:
        """Which method it is of."""
        return int(self.part[0])


class Several(Method):
    """One step is one method's on one model; its terms are logged under the method's name.

    The model that the loop hands it is a sequence of models, one a method; they may share parameters.
    """

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "task"
    paper: ClassVar[str] = "Phang et al. 2020, arXiv 2005.13013"

    _parts: tuple[Method, ...] = PrivateAttr(())
    _names: tuple[str, ...] = PrivateAttr(())
    _weights: tuple[float, ...] = PrivateAttr(())

    @classmethod
    def of(cls, parts: Sequence[Method], names: Sequence[str], weights: Sequence[float]) -> Self:
        """Return the methods as one.

        Args:
            parts: the methods, in the order of the streams of their `Mixture`.
            names: what their losses are logged under.
            weights: factor of each one's loss.
        """
        made = cls()
        made._parts, made._names, made._weights = tuple(parts), tuple(names), tuple(weights)
        return made

    @property
    def splittable(self) -> bool:  # type: ignore[override]  # a fact of the parts
        """Whether all are."""
        return all(part.splittable for part in self._parts)

    @property
    def gathers(self) -> bool:  # type: ignore[override]
        """Whether all that are not splittable gather."""
        return all(part.gathers for part in self._parts if not part.splittable)

    def auxiliary_module(self, model: Any) -> nn.Module | None:
        """Return what each needs beside its model, by its place."""
        made = {str(index): part.auxiliary_module(model[index]) for index, part in enumerate(self._parts)}
        needed = {name: module for name, module in made.items() if module is not None}
        return nn.ModuleDict(needed) if needed else None

    def collate(self, model: Any, items: Sequence[Drawn], generator: torch.Generator) -> PartBatch:
        """Have the method that the items are for make its batch."""
        index = items[0].stream
        batch = self._parts[index].collate(model[index], [drawn.item for drawn in items], generator)
        return PartBatch(batch, torch.full((len(batch),), index))

    def num_targets(self, batch: PartBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return what the method counts."""
        return self._parts[batch.index].num_targets(batch.batch)

    def loss(self, model: Any, batch: PartBatch, auxiliary: nn.Module | None = None) -> Terms:  # type: ignore[override]
        """Return the method's terms, under its name."""
        part, own = self._parts[batch.index], _own(auxiliary, batch.index)
        given = () if own is None else (own,)
        return self._named(batch.index, part.loss(model[batch.index], batch.batch, *given))

    def step(  # type: ignore[override]
        self, model: Any, batch: PartBatch, backward: Backward, auxiliary: nn.Module | None = None
    ) -> Terms:
        """Have the method make its step."""
        index = batch.index
        weight = self._weights[index]

        def weighted(terms: Terms) -> None:
            backward({name: weight * value for name, value in terms.items()})

        return self._named(index, self._parts[index].step(model[index], batch.batch, weighted, _own(auxiliary, index)))

    def after_step(self, model: Any, auxiliary: nn.Module | None) -> None:
        """Let each act."""
        for index, part in enumerate(self._parts):
            part.after_step(model[index], _own(auxiliary, index))

    def _named(self, index: int, terms: Terms) -> Terms:
        name = self._names[index]
        return {name if len(terms) == 1 else f"{name}.{term}": value for term, value in terms.items()}


def _own(auxiliary: nn.Module | None, index: int) -> nn.Module | None:
    return dict(auxiliary).get(str(index)) if isinstance(auxiliary, nn.ModuleDict) else None
