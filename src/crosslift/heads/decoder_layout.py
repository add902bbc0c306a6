"""The decoder input that scores all label words in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

TokenIds = tuple[int, ...]


@dataclass(frozen=True)
class DecoderLayout:
    """The prefixes of all label words in one row of the decoder.

    Words with a common prefix share it.  The others are placed next to each other and masked from each other; T5's
    positions are relative, so each is read as if it were alone.
    """

    read: Tensor
    """Token ids that the decoder reads, (read,)."""
    seen: Tensor
    """Attention mask between them, added to attention scores: 0 or minus infinity, (1, 1, read, read)."""
    places: Tensor
    """Position of the last token of each prefix, (prefixes,)."""
    contexts: Tensor
    """Index of the prefix that each token of each word follows, (tokens,)."""
    tokens: Tensor
    """Token ids of all words, one word after another, (tokens,)."""

    @classmethod
    def of(cls, words: Sequence[TokenIds], start: int) -> Self:
        """Return the layout of label words.

        Args:
            words: token ids of each word, at least one.
            start: token id that the decoder starts from.
        """
        rows = {(start, *word[:-1]) for word in words}
        longest = sorted(row for row in rows if not any(row == other[: len(row)] for other in rows - {row}))
        ends: dict[TokenIds, int] = {}
        place = 0
        for row in longest:
            for length in range(1, len(row) + 1):
                ends.setdefault(row[:length], place)
                place += 1
        prefixes = list(ends)
        steps = [((start, *word[:i]), word[i]) for word in words for i in range(len(word))]
        return cls(
            read=torch.tensor([token for row in longest for token in row]),
            seen=_causal_blocks([len(row) for row in longest]),
            places=torch.tensor([ends[prefix] for prefix in prefixes]),
            contexts=torch.tensor([prefixes.index(prefix) for prefix, _ in steps]),
            tokens=torch.tensor([token for _, token in steps]),
        )


def _causal_blocks(lengths: Sequence[int]) -> Tensor:
    """Return a causal mask in which rows of these lengths do not see each other, (1, 1, read, read)."""
    triangles = (torch.ones(length, length).tril() for length in lengths)
    blocks: Tensor = torch.block_diag(*triangles)  # type: ignore[no-untyped-call]
    return torch.zeros_like(blocks).masked_fill(blocks == 0, -torch.inf)[None, None]
