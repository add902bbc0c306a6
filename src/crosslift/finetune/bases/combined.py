"""Several fine-tuning methods as one step on one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from pydantic import PrivateAttr
from torch import nn

from crosslift.api.examples import Example, TaskType
from crosslift.encoder.encoder import Encoder
from crosslift.errors import RecipeError
from crosslift.finetune.bases.method import FinetuneMethod, Translations
from crosslift.heads.label_names import LabelNames
from crosslift.heads.label_words import LabelWords
from crosslift.train.task_items import TaskItem


class Together(FinetuneMethod):
    """What a recipe's `[[finetune.method]]` tables add up to."""

    _parts: tuple[FinetuneMethod, ...] = PrivateAttr(())
    _weights: tuple[float, ...] = PrivateAttr(())

    @classmethod
    def of(cls, methods: Sequence[FinetuneMethod], weights: Sequence[float] | None = None) -> Self:
        """Return the methods as one.

        Args:
            methods: in the order of the recipe; views are taken of each other's views in this order.
            weights: factor of each method's own terms.

        Raises:
            RecipeError: two methods perturb, or a weight is given to a method without terms of its own.
        """
        factors = tuple(weights or [1.0] * len(methods))
        _check(methods, factors)
        made = cls()
        made._parts, made._weights = tuple(methods), factors
        return made

    @property
    def parts(self) -> tuple[FinetuneMethod, ...]:
        """The methods."""
        return self._parts

    @property
    def requires(self) -> frozenset[str]:  # type: ignore[override]  # a fact of the parts
        """What any of them needs."""
        return frozenset[str]().union(*(part.requires for part in self._parts))

    @property
    def splittable(self) -> bool:  # type: ignore[override]
        """Whether all are."""
        return all(part.splittable for part in self._parts)

    @property
    def gathers(self) -> bool:  # type: ignore[override]
        """Whether all that are not splittable gather."""
        return all(part.gathers for part in self._parts if not part.splittable)

    @property
    def makes_head(self) -> bool:  # type: ignore[override]
        """Whether one makes the head."""
        return any(part.makes_head for part in self._parts)

    @property
    def new_tokens(self) -> bool:  # type: ignore[override]
        """Whether one may embed tokens that the data lacks."""
        return any(part.new_tokens for part in self._parts)

    def files(self) -> tuple[str, ...]:
        """Return the files of all."""
        return tuple(pattern for part in self._parts for pattern in part.files())

    def auxiliary_module(self, model: Any) -> nn.Module | None:
        """Return what each needs beside the model, by its place in the recipe."""
        made = {str(index): part.auxiliary_module(model) for index, part in enumerate(self._parts)}
        needed = {name: module for name, module in made.items() if module is not None}
        return nn.ModuleDict(needed) if needed else None

    def auxiliaries(self, auxiliary: nn.Module | None) -> Sequence[nn.Module | None]:
        """Return what each needs beside the model."""
        modules = dict(auxiliary) if isinstance(auxiliary, nn.ModuleDict) else {}
        return [modules.get(str(index)) for index in range(len(self._parts))]

    def weight_of(self, index: int) -> float:
        """Return the factor of a part's terms."""
        return self._weights[index]

    def block(self, example: Example) -> str | None:
        """Return what the first method that keeps examples together goes by."""
        return next((block for part in self._parts if (block := part.block(example)) is not None), None)

    def head(
        self, encoder: Encoder, *, task: str, task_type: TaskType, labels: Sequence[str], seed: int
    ) -> LabelWords | LabelNames | None:
        """Return the head of the method that makes one.

        Raises:
            RecipeError: its settings do not suit the task or the encoder.
        """
        for index, part in enumerate(self._parts):
            try:
                head = part.head(encoder, task=task, task_type=task_type, labels=labels, seed=seed)
            except RecipeError as error:
                raise RecipeError(f"method.{index}.{error}") from error
            if head is not None:
                return head
        return None

    def begin(self, encoder: Encoder, items: Sequence[TaskItem], views: Translations) -> None:
        """Let each look.

        Raises:
            RecipeError: there are translations to compare with, and no method does.
        """
        if views and not any(part.translates for part in self._parts):
            raise RecipeError(
                'finetune.translate.mix: "view" makes translations for the method `translated`, which the recipe does '
                "not use; add it to [[finetune.method]]"
            )
        for part in self._parts:
            part.begin(encoder, items, views)

    def after_step(self, model: Any, auxiliary: nn.Module | None) -> None:
        """Let each act."""
        for part, own in zip(self._parts, self.auxiliaries(auxiliary), strict=True):
            part.after_step(model, own)


def _check(methods: Sequence[FinetuneMethod], weights: Sequence[float]) -> None:
    _one("perturb what the model reads; a step can have one perturbation", [method.perturbs for method in methods])
    _one("make the head; a model can have one", [method.makes_head for method in methods])
    for index, (method, weight) in enumerate(zip(methods, weights, strict=True)):
        if weight != 1 and type(method).terms is FinetuneMethod.terms:
            raise RecipeError(
                f"finetune.method.{index}.weight: {weight} was given, but this method adds no term to the loss that it "
                "could be a factor of; remove it"
            )


def _one(what: str, do: Sequence[bool]) -> None:
    places = [f"finetune.method.{index}" for index, does in enumerate(do) if does]
    if len(places) > 1:
        raise RecipeError(f"{' and '.join(places)}: both {what}")
