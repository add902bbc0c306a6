"""Sentence pairs as token ids: the items of a bitext stream."""

from __future__ import annotations

from dataclasses import dataclass

from crosslift.encoder.inputs import Tokens


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A sentence and its translation, each tokenised by itself."""

    source: Tokens
    target: Tokens

    def __len__(self) -> int:
        return len(self.source) + len(self.target)
