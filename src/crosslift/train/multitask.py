"""Multitask training: several methods, each with its own model and stream, of which each step takes one."""

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
    """Index of the method, the same in each row, (batch,)."""

    def __len__(self) -> int:
        return len(self.batch)

    @property
    def lengths(self) -> Tensor:
        """Tokens per row, (batch,)."""
        return self.batch.lengths

    @property
    def index(self) -> int:
        """Index of the method."""
        return int(self.part[0])


class Multitask(Method):
    """A method of several parts: a step is that of one part, and its terms are logged under the part's name.

    The model that the loop passes to it is a sequence with one model per part; models may share parameters.
    """

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "task"
    paper: ClassVar[str] = "Phang et al. 2020, arXiv 2005.13013"

    _parts: tuple[Method, ...] = PrivateAttr(())
    _names: tuple[str, ...] = PrivateAttr(())
    _weights: tuple[float, ...] = PrivateAttr(())

    @classmethod
    def of(cls, parts: Sequence[Method], names: Sequence[str], weights: Sequence[float]) -> Self:
        """Return several methods as one.

        Args:
            parts: the methods, in the order of the streams of their `Mixture`.
            names: names of their losses in the log.
            weights: factor of each loss.
        """
        made = cls()
        made._parts, made._names, made._weights = tuple(parts), tuple(names), tuple(weights)
        return made

    @property
    def splittable(self) -> bool:  # type: ignore[override]  # depends on the parts
        """Whether all parts are splittable."""
        return all(part.splittable for part in self._parts)

    @property
    def gathers(self) -> bool:  # type: ignore[override]
        """Whether all parts that are not splittable gather."""
        return all(part.gathers for part in self._parts if not part.splittable)

    def auxiliary_module(self, model: Any) -> nn.Module | None:
        """Return the auxiliary modules of the parts, by index; None if there are none."""
        made = {str(index): part.auxiliary_module(model[index]) for index, part in enumerate(self._parts)}
        needed = {name: module for name, module in made.items() if module is not None}
        return nn.ModuleDict(needed) if needed else None

    def collate(self, model: Any, items: Sequence[Drawn], generator: torch.Generator) -> PartBatch:
        """Return the batch of the part that the items are for."""
        index = items[0].stream
        batch = self._parts[index].collate(model[index], [drawn.item for drawn in items], generator)
        return PartBatch(batch, torch.full((len(batch),), index))

    def num_targets(self, batch: PartBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return the number of targets that the part counts."""
        return self._parts[batch.index].num_targets(batch.batch)

    def loss(self, model: Any, batch: PartBatch, auxiliary: nn.Module | None = None) -> Terms:  # type: ignore[override]
        """Return the part's scalar terms, under its name."""
        part, own = self._parts[batch.index], _own(auxiliary, batch.index)
        given = () if own is None else (own,)
        return self._named(batch.index, part.loss(model[batch.index], batch.batch, *given))

    def step(  # type: ignore[override]
        self, model: Any, batch: PartBatch, backward: Backward, auxiliary: nn.Module | None = None
    ) -> Terms:
        """Take the part's step, and return its scalar terms, under its name."""
        index = batch.index
        weight = self._weights[index]

        def weighted(terms: Terms) -> None:
            backward({name: weight * value for name, value in terms.items()})

        return self._named(index, self._parts[index].step(model[index], batch.batch, weighted, _own(auxiliary, index)))

    def after_step(self, model: Any, auxiliary: nn.Module | None) -> None:
        """Call `after_step` of every part."""
        for index, part in enumerate(self._parts):
            part.after_step(model[index], _own(auxiliary, index))

    def _named(self, index: int, terms: Terms) -> Terms:
        name = self._names[index]
        return {name if len(terms) == 1 else f"{name}.{term}": value for term, value in terms.items()}


def _own(auxiliary: nn.Module | None, index: int) -> nn.Module | None:
    return dict(auxiliary).get(str(index)) if isinstance(auxiliary, nn.ModuleDict) else None
