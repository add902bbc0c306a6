"""The settings of methods that name a resource of the lab: "lab" becomes "lab:SEED", the recipe's own world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from crosslift.api import registry
from crosslift.recipe import NamedTable, Recipe

LAB_SETTINGS = ("lexicon", "neighbours", "memory")
"""Settings of methods that may have the value "lab"."""


Named = TypeVar("Named", bound=NamedTable)


def with_lab_seed(methods: Sequence[Named], kind: str, recipe: Recipe) -> tuple[Named, ...]:
    """Return methods of a registry with "lab" replaced by "lab:SEED", where SEED is the seed of the recipe's world."""
    world = f"lab:{recipe.data.seed}"

    def with_seed(method: Named) -> Named:
        settings = registry.load(kind, method.use).model_validate(method.settings).model_dump(by_alias=True)
        return method.model_copy(update={key: world for key in LAB_SETTINGS if settings.get(key) == "lab"})

    return tuple(map(with_seed, methods))
