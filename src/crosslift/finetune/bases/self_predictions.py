"""What the pre-trained encoder itself would write in a sentence, if it must not use the training data's own tokens.

A multilingual masked language model asked for a word, and kept from the source language's pieces, answers in other
languages: code-switching without a dictionary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.errors import CheckpointError
from crosslift.train.task_items import TaskItem


class Predictions(NamedTuple):
    """At chosen positions, in row-major order."""

    chosen: Tensor
    """(batch, length) bool: where."""
    tokens: Tensor
    """(chosen, k): the most probable tokens, best first."""
    shares: Tensor
    """(chosen, k): their probabilities, adding up to 1."""


class SelfPredictor:
    """Asks an encoder for tokens at positions that it does not see.

    Args:
        encoder: as it was before fine-tuning; asked, never trained.
        items: the training data, whose tokens are never answers.

    Raises:
        CheckpointError: the encoder has no masked-LM head, or the data leaves it no token to answer with.
    """

    def __init__(self, encoder: Encoder, items: Iterable[TaskItem]) -> None:
        if not encoder.has_masked_language_model:
            raise CheckpointError(
                f"{encoder.name} has no masked-LM head, which self-augmentation asks for words; use `code_switch` with "
                "a lexicon, or a checkpoint with such a head"
            )
        self.encoder = encoder
        allowed = torch.ones(encoder.vocabulary_size, dtype=torch.bool)
        allowed[len(encoder.tokenizer) :] = False
        seen = {token for item in items for token in item.tokens.ids} | set(encoder.special_ids)
        allowed[list(seen)] = False
        if not allowed.any():
            raise CheckpointError(f"{encoder.name}: the training data uses its whole vocabulary; no token is foreign")
        self._forbidden = ~allowed

    def predict(self, rows: Sequence[Tokens], *, share: float, count: int, generator: torch.Generator) -> Predictions:
        """Return the `count` most probable foreign tokens at a random `share` of positions that are not special."""
        inputs = self.encoder.collate(rows)
        chosen = (torch.rand(inputs.ids.shape, generator=generator) < share) & ~inputs.special
        hidden = inputs.with_ids(inputs.ids.masked_fill(chosen, self.encoder.mask_id)).to(self.encoder.device)
        with torch.no_grad():
            states = self.encoder.eval().encode(hidden)
            logits = self.encoder.masked_logits(states, chosen.to(states.device)).float().cpu()
        logits = logits.masked_fill(self._forbidden, float("-inf"))
        best = logits.topk(min(count, int((~self._forbidden).sum())), dim=-1)
        return Predictions(chosen, best.indices, best.values.softmax(dim=-1))
