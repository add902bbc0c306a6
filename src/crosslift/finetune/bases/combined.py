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


class Combined(FinetuneMethod):
    """The methods of a recipe's `[[finetune.method]]` tables as one."""

    _parts: tuple[FinetuneMethod, ...] = PrivateAttr(())
    _weights: tuple[float, ...] = PrivateAttr(())

    @classmethod
    def of(cls, methods: Sequence[FinetuneMethod], weights: Sequence[float] | None = None) -> Self:
        """Return the methods as one.

        Args:
            methods: in the order of the recipe, in which they rewrite the sentences.
            weights: the factor of each method's own terms.

        Raises:
            RecipeError: two methods perturb or make the head, or a method with a weight adds no terms.
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
    def requires(self) -> frozenset[str]:  # type: ignore[override]  # depends on the parts
        """The union of what they require."""
        return frozenset[str]().union(*(part.requires for part in self._parts))

    @property
    def splittable(self) -> bool:  # type: ignore[override]
        """Whether all of them are."""
        return all(part.splittable for part in self._parts)

    @property
    def gathers(self) -> bool:  # type: ignore[override]
        """Whether all of those that are not splittable gather."""
        return all(part.gathers for part in self._parts if not part.splittable)

    @property
    def makes_head(self) -> bool:  # type: ignore[override]
        """Whether one of them makes the head."""
        return any(part.makes_head for part in self._parts)

    @property
    def new_tokens(self) -> bool:  # type: ignore[override]
        """Whether one of them may embed tokens that the data lacks."""
        return any(part.new_tokens for part in self._parts)

    def files(self) -> tuple[str, ...]:
        """Return the files of all of them."""
        return tuple(pattern for part in self._parts for pattern in part.files())

    def auxiliary_module(self, model: Any) -> nn.Module | None:
        """Return the auxiliary modules, by the index of the method in the recipe; None if none has one."""
        made = {str(index): part.auxiliary_module(model) for index, part in enumerate(self._parts)}
        needed = {name: module for name, module in made.items() if module is not None}
        return nn.ModuleDict(needed) if needed else None

    def auxiliaries(self, auxiliary: nn.Module | None) -> Sequence[nn.Module | None]:
        """Return the auxiliary module of each."""
        modules = dict(auxiliary) if isinstance(auxiliary, nn.ModuleDict) else {}
        return [modules.get(str(index)) for index in range(len(self._parts))]

    def weight_of(self, index: int) -> float:
        """Return the factor of the terms of a part."""
        return self._weights[index]

    def block(self, example: Example) -> str | None:
        """Return the key of the first method that keeps examples together."""
        return next((block for part in self._parts if (block := part.block(example)) is not None), None)

    def head(
        self, encoder: Encoder, *, task: str, task_type: TaskType, labels: Sequence[str], seed: int
    ) -> LabelWords | LabelNames | None:
        """Return the head of the method that makes one, if any.

        Raises:
            RecipeError: the settings of the method do not fit the task or the encoder.
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
        """Prepare each.

        Raises:
            RecipeError: there are translations to compare with, but no method uses them.
        """
        if views and not any(part.translates for part in self._parts):
            raise RecipeError(
                'finetune.translate.mix: "view" makes translations for the method `translated`, which is not in the '
                "recipe; add it to [[finetune.method]]"
            )
        for part in self._parts:
            part.begin(encoder, items, views)

    def after_step(self, model: Any, auxiliary: nn.Module | None) -> None:
        """Call each."""
        for part, own in zip(self._parts, self.auxiliaries(auxiliary), strict=True):
            part.after_step(model, own)


def _check(methods: Sequence[FinetuneMethod], weights: Sequence[float]) -> None:
    _one("perturb the input; a step can have only one perturbation", [method.perturbs for method in methods])
    _one("make the head; a model can have only one", [method.makes_head for method in methods])
    for index, (method, weight) in enumerate(zip(methods, weights, strict=True)):
        if weight != 1 and type(method).terms is FinetuneMethod.terms:
            raise RecipeError(
                f"finetune.method.{index}.weight: {weight} was given, but this method adds no term to the loss to "
                "multiply with it; remove it"
            )


def _one(what: str, do: Sequence[bool]) -> None:
    places = [f"finetune.method.{index}" for index, does in enumerate(do) if does]
    if len(places) > 1:
        raise RecipeError(f"{' and '.join(places)}: both {what}")
