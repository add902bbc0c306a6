"""Random choices of the lab, drawn from a seeded generator that is passed as an argument."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")
_CHUNK = 4096


class Draws:
    """A stream of choices that depends only on the parts of its seed (numbers and words, in order)."""

    def __init__(self, *seed: int | str) -> None:
        self._rng = np.random.default_rng([stable_number(str(part)) for part in seed])
        self._values: list[float] = []

    def uniform(self) -> float:
        """Return a number in [0, 1)."""
        if not self._values:
            # Drawing single scalars from numpy would take most of the lab's time.
            self._values = self._rng.random(_CHUNK).tolist()
        return self._values.pop()

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self.uniform() < probability

    def pick(self, items: Sequence[T]) -> T:
        """Return one of the items, each equally likely."""
        return items[int(self.uniform() * len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order."""
        keys = [self.uniform() for _ in items]
        return [items[index] for index in sorted(range(len(items)), key=keys.__getitem__)]


def stable_number(text: str) -> int:
    """Return a number below 2**64 that depends only on the text, in every process and on every machine."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
