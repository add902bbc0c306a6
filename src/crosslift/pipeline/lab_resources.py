"""The word "lab" in the settings of a method: a lexicon or neighbours of the recipe's own world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from crosslift.api import registry
from crosslift.recipe import NamedTable, Recipe

WORLDLY = ("lexicon", "neighbours", "memory")
"""Settings of methods for which "lab" means the recipe's own world."""


Named = TypeVar("Named", bound=NamedTable)


def in_its_world(methods: Sequence[Named], shelf: str, recipe: Recipe) -> tuple[Named, ...]:
    """Return methods with "lab" spelled out where they name a lexicon or neighbours: those of the recipe's world."""
    named = f"lab:{recipe.data.seed}"

    def spelled(method: Named) -> Named:
        settings = registry.load(shelf, method.use).model_validate(method.settings).model_dump(by_alias=True)
        return method.model_copy(update={key: named for key in WORLDLY if settings.get(key) == "lab"})

    return tuple(map(spelled, methods))
