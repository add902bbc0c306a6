"""Assignment of meanings to splits."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from crosslift.lab.chance import stable_number
from crosslift.lab.meaning import Meaning

if TYPE_CHECKING:
    from collections.abc import Callable

    from crosslift.api.examples import Split

M = TypeVar("M", bound=Meaning)
_SPLIT_OF_BUCKET: tuple[Split, ...] = ("dev", "test", "train", "train", "train", "train", "train", "train")


def split_of(meaning: Meaning) -> Split:
    """Return the split of a meaning: one in eight is in dev, one in test, the others in train.

    It depends only on the meaning, not on the language, the task, or the seed of the draw.
    """
    return _SPLIT_OF_BUCKET[stable_number(repr(meaning)) % len(_SPLIT_OF_BUCKET)]


def until(split: Split, draw: Callable[[], M]) -> M:
    """Draw until the meaning belongs to the split."""
    while split_of(meaning := draw()) != split:
        pass
    return meaning
