"""Embedding mixup: the embeddings of some tokens are mixed with those of foreign tokens that the encoder predicts.

At a share of the positions the word embedding becomes ``mix * e(w) + (1 - mix) * sum over k of p_k e(w_k)``, where w_k
are the most probable foreign tokens by the encoder before fine-tuning (see `self_augment`): the half of
self-augmentation that does not choose one word.  The authors mix while training; their code is not published.
Paper: Wang et al. 2023, arXiv 2309.10891 (SALT); mixing inputs: Zhang et al. 2018, arXiv 1710.09412.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from typing import Any, ClassVar

import torch
from pydantic import Field, PrivateAttr
from torch import Tensor
from torch.nn import functional

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from crosslift.finetune.bases.batch import ModelInput
from crosslift.finetune.bases.method import FinetuneMethod, Loss, Translations
from crosslift.finetune.bases.self_predictions import SelfPredictor
from crosslift.finetune.bases.word_view import shielded_tokens
from crosslift.heads.task_model import TaskModel
from crosslift.train.batch import Batch
from crosslift.train.task_items import TaskItem


@dataclass(frozen=True)
class Mixture(Batch):
    """The tokens that each token is mixed with, and their shares."""

    tokens: Tensor
    """(batch, length, k)."""
    shares: Tensor
    """(batch, length, k): sum to 1 over k where a token is mixed, and are 0 where it is not."""


class EmbeddingMixup(FinetuneMethod):
    """Word embeddings mixed with foreign ones.  Equal to plain fine-tuning at `share` 0 or `mix` 1.

    Needs a masked-LM head.
    """

    perturbs: ClassVar[bool] = True
    new_tokens: ClassVar[bool] = True
    task_types: ClassVar[tuple[str, ...]] = ("sentence", "pair", "tagging", "intent_slot", "extractive_qa")
    paper: ClassVar[str] = "Wang et al. 2023, arXiv 2309.10891"

    share: float = Field(0.3, ge=0, le=1, description="share of tokens that are mixed")
    mix: float = Field(0.5, ge=0, le=1, description="share of the original embedding in a mixed one")
    candidates: int = Field(5, ge=1, description="number of foreign tokens in a mixture")

    _predictor: SelfPredictor | None = PrivateAttr(None)

    @property
    def active(self) -> bool:
        """Whether any token is mixed."""
        return self.share > 0 and self.mix < 1

    def begin(self, encoder: Encoder, items: Sequence[TaskItem], views: Translations) -> None:
        """Keep the encoder before fine-tuning, for its predictions."""
        del views
        self._predictor = SelfPredictor(encoder, items) if self.active else None

    def draw(
        self, model: TaskModel, items: Sequence[TaskItem], inputs: Inputs, generator: torch.Generator
    ) -> Mixture | None:
        """Return the foreign tokens to mix with."""
        del inputs
        if self._predictor is None:
            return None
        asked = self._predictor.predict(
            [shielded_tokens(item, model.task_type) for item in items],
            share=self.share,
            count=self.candidates,
            generator=generator,
        )
        shape = (*asked.chosen.shape, asked.tokens.shape[1])
        tokens, shares = torch.zeros(shape, dtype=torch.long), torch.zeros(shape)
        tokens[asked.chosen], shares[asked.chosen] = asked.tokens, asked.shares
        return Mixture(tokens, shares)

    def perturb(
        self, model: TaskModel, model_input: ModelInput, drawn: Batch | None, loss: Loss, auxiliary: Any
    ) -> ModelInput:
        """Return the input with mixed embeddings."""
        del loss, auxiliary
        if not isinstance(drawn, Mixture):
            return model_input
        ids = model_input.inputs.ids
        columns = (0, 0, 0, ids.shape[1] - drawn.tokens.shape[1])
        tokens, shares = (functional.pad(each, columns) for each in (drawn.tokens, drawn.shares))
        own = model.encoder.embed(ids)
        foreign = (shares.unsqueeze(-1) * model.encoder.embed(tokens)).sum(dim=2)  # (batch, length, width)
        mixed = shares.sum(dim=-1, keepdim=True)  # 1 or 0
        return replaced(model_input, embeddings=own + (1 - self.mix) * (foreign - mixed * own))
