"""Predictions of the pre-trained encoder for words of a sentence, from tokens that the training data lacks.

A multilingual masked language model that must not use the subwords of the source language predicts words of other
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
    """Predictions at chosen positions, in row-major order."""

    chosen: Tensor
    """(batch, length) bool: the positions."""
    tokens: Tensor
    """(chosen, k): the most probable tokens, best first."""
    shares: Tensor
    """(chosen, k): their probabilities, normalised to sum to 1."""


class SelfPredictor:
    """Predicts masked tokens with an encoder.

    Args:
        encoder: the encoder before fine-tuning; it is not trained.
        items: the training data, whose tokens are never predicted.

    Raises:
        CheckpointError: the encoder has no masked-LM head, or the training data uses all of its tokens.
    """

    def __init__(self, encoder: Encoder, items: Iterable[TaskItem]) -> None:
        if not encoder.has_masked_language_model:
            raise CheckpointError(
                f"{encoder.name} has no masked-LM head, which self-augmentation needs to predict words; use "
                "`code_switch` with a lexicon, or a checkpoint with such a head"
            )
        self.encoder = encoder
        allowed = torch.ones(encoder.vocabulary_size, dtype=torch.bool)
        allowed[len(encoder.tokenizer) :] = False
        seen = {token for item in items for token in item.tokens.ids} | set(encoder.special_ids)
        allowed[list(seen)] = False
        if not allowed.any():
            raise CheckpointError(
                f"{encoder.name}: the training data uses the whole vocabulary; no foreign token is left"
            )
        self._forbidden = ~allowed

    def predict(self, rows: Sequence[Tokens], *, share: float, count: int, generator: torch.Generator) -> Predictions:
        """Return the `count` most probable foreign tokens at a random share of the positions that are not special."""
        inputs = self.encoder.collate(rows)
        chosen = (torch.rand(inputs.ids.shape, generator=generator) < share) & ~inputs.special
        hidden = inputs.with_ids(inputs.ids.masked_fill(chosen, self.encoder.mask_id)).to(self.encoder.device)
        with torch.no_grad():
            states = self.encoder.eval().encode(hidden)
            logits = self.encoder.masked_logits(states, chosen.to(states.device)).float().cpu()
        logits = logits.masked_fill(self._forbidden, float("-inf"))
        best = logits.topk(min(count, int((~self._forbidden).sum())), dim=-1)
        return Predictions(chosen, best.indices, best.values.softmax(dim=-1))
