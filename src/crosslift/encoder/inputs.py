"""The input of an encoder: tokenized texts, and padded batches of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

IGNORED = -100
"""Target of a position at which nothing is predicted; torch's cross-entropy ignores it."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """One tokenized text or pair, with special tokens, without padding.

    `special` marks tokens that are neither masked nor perturbed; `segments` is 0 for the first text and 1 for the
    second; `words` is the index of each token's word (in pre-split input), or -1.  `language` is the language of the
    text, or of the first of two; `second_language` that of the second, if it differs.
    """

    ids: tuple[int, ...]
    special: tuple[bool, ...]
    segments: tuple[int, ...]
    words: tuple[int, ...] | None = None
    language: str | None = None
    second_language: str | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def words_fitted(self) -> int:
        """Number of words that have a token; fewer than the sentence has if it was cut."""
        return max(self.words or (), default=-1) + 1


@dataclass(frozen=True)
class Inputs:
    """A padded batch.  Every field is (batch, length); padding is at the end."""

    ids: Tensor
    """Token ids, long."""
    mask: Tensor
    """1 at real tokens, 0 at padding, long."""
    special: Tensor
    """True at special tokens and padding: never masked, never perturbed."""
    segments: Tensor | None = None
    """0 for the first text, 1 for the second; None where the family has no segments."""
    languages: Tensor | None = None
    """Language ids; None for a model without language embeddings."""
    targets: Tensor | None = None
    """Target of each token (its masked id, its tag), IGNORED where there is none; None without token targets."""

    def __len__(self) -> int:
        return int(self.ids.shape[0])

    @property
    def lengths(self) -> Tensor:
        """(batch,): number of real tokens per row."""
        return self.mask.sum(dim=1)

    def select(self, rows: Tensor | slice) -> Inputs:
        """Return these rows, trimmed to the longest of them: (rows, shorter length) fields."""
        length = int(self.lengths[rows].max())
        return self._map(lambda tensor: tensor[rows, :length])

    def to(self, device: torch.device) -> Inputs:
        """Return the batch on `device`."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=True))

    def with_ids(self, ids: Tensor) -> Inputs:
        """Return the batch with other token ids (batch, length), such as masked ones."""
        return replace(self, ids=ids)

    def _map(self, change: Callable[[Tensor], Tensor]) -> Inputs:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        changed: dict[str, Any] = {name: value if value is None else change(value) for name, value in values}
        return Inputs(**changed)


def pad(rows: Sequence[Sequence[int]], value: int, *, multiple: int = 1) -> Tensor:
    """Return `rows` as one (batch, length) long tensor, padded at the end to a multiple of `multiple`."""
    length = max(map(len, rows), default=0)
    length += -length % multiple
    padded = np.full((len(rows), length), value, dtype=np.int64)
    for row, values in zip(padded, rows, strict=True):
        row[: len(values)] = values
    return torch.from_numpy(padded)


TokenLinks = tuple[tuple[int, int], ...]
"""Pairs of (position in `source.ids`, position in `target.ids`), counting special tokens."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A sentence and its translation, tokenized separately, and the links between their tokens where known."""

    source: Tokens
    target: Tokens
    links: TokenLinks | None = None

    def __len__(self) -> int:
        return len(self.source) + len(self.target)
