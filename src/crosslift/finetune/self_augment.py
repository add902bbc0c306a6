"""Self-augmentation: the pre-trained encoder code-switches the training sentences itself, without a dictionary.

Some tokens are masked and replaced by predictions of the encoder before fine-tuning; since it may not use the subwords
of the training data, it predicts words of other languages.  A view: it replaces the sentences, unless a method of the
recipe compares views.  The authors also mix embeddings: see `embedding_mixup`.  Their code is not published; excluding
the subwords of the training data is our reading of how the encoder switches languages.
Paper: Wang et al. 2023, arXiv 2309.10891 (SALT).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import torch
from pydantic import Field, PrivateAttr

from crosslift.encoder.encoder import Encoder
from crosslift.finetune.bases.method import FinetuneMethod, Translations
from crosslift.finetune.bases.self_predictions import SelfPredictor
from crosslift.finetune.bases.word_view import shielded_tokens
from crosslift.heads.task_model import TaskModel
from crosslift.train.task_items import TaskItem


class SelfAugment(FinetuneMethod):
    """Tokens replaced by foreign ones that the encoder predicts.  Equal to plain fine-tuning at `share` 0.

    Needs a masked-LM head.
    """

    rewrites: ClassVar[bool] = True
    new_tokens: ClassVar[bool] = True
    task_types: ClassVar[tuple[str, ...]] = ("sentence", "pair", "tagging", "intent_slot", "extractive_qa")
    paper: ClassVar[str] = "Wang et al. 2023, arXiv 2309.10891"

    share: float = Field(0.3, ge=0, le=1, description="share of tokens that are replaced")
    candidates: int = Field(5, ge=1, description="number of most probable tokens to draw from, by probability")

    _predictor: SelfPredictor | None = PrivateAttr(None)

    @property
    def active(self) -> bool:
        """Whether any token is replaced."""
        return self.share > 0

    def begin(self, encoder: Encoder, items: Sequence[TaskItem], views: Translations) -> None:
        """Keep the encoder before fine-tuning, for its predictions."""
        del views
        self._predictor = SelfPredictor(encoder, items) if self.active else None

    def rewrite(self, model: TaskModel, items: Sequence[TaskItem], generator: torch.Generator) -> Sequence[TaskItem]:
        """Return the items with some tokens replaced one by one, so tags and answers keep their places."""
        if self._predictor is None:
            return items
        asked = self._predictor.predict(
            [shielded_tokens(item, model.task_type) for item in items],
            share=self.share,
            count=self.candidates,
            generator=generator,
        )
        if not len(asked.tokens):
            return items
        drawn = asked.tokens.gather(1, torch.multinomial(asked.shares, 1, generator=generator)).flatten()
        written = iter(drawn.tolist())
        return [
            replace(item, tokens=replace(item.tokens, ids=tuple(next(written) if new else old for new, old in pairs)))
            for item, row in zip(items, asked.chosen.tolist(), strict=True)
            for pairs in [list(zip(row, item.tokens.ids, strict=False))]
        ]
