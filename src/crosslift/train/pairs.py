"""Sentence pairs as token ids: the items of a bitext stream."""

from __future__ import annotations

from dataclasses import dataclass

from crosslift.encoder.inputs import Tokens

TokenLinks = tuple[tuple[int, int], ...]
"""Pairs of (position in `source.ids`, position in `target.ids`), special tokens counted."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A sentence and its translation, each tokenised by itself, and the links between their tokens where known."""

    source: Tokens
    target: Tokens
    links: TokenLinks | None = None

    def __len__(self) -> int:
        return len(self.source) + len(self.target)
