"""Translated views: each training sentence beside its translation into a language that is drawn anew each time.

A view for methods that compare both, as `consistency` (xTune's machine-translated view) and `cross_aligner` do; alone
it takes the sentences' place.  The translations are those of ``[finetune.translate]`` with ``mix = "view"``, so the run
is not zero-shot in data, and its warnings say so.
Paper: the view of Zheng et al. 2021, arXiv 2106.08226, section 3.2, and of Gritta et al. 2022, arXiv 2203.09982.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from pydantic import PrivateAttr

from crosslift.encoder.encoder import Encoder
from crosslift.errors import RecipeError
from crosslift.finetune.bases.method import FinetuneMethod, Translations
from crosslift.heads.task_model import TaskModel
from crosslift.train.task_items import TaskItem


class Translated(FinetuneMethod):
    """A sentence's translation, with the labels that it has there.  Needs translations of the training data."""

    rewrites: ClassVar[bool] = True
    translates: ClassVar[bool] = True
    new_tokens: ClassVar[bool] = True
    task_types: ClassVar[tuple[str, ...]] = ("sentence", "pair", "tagging", "intent_slot")
    reasons: ClassVar[Mapping[str, str]] = {
        "extractive_qa": "the answer stands elsewhere in the translation of a context"
    }
    paper: ClassVar[str] = "Zheng et al. 2021, arXiv 2106.08226"

    _views: Translations = PrivateAttr(default_factory=dict)

    def begin(self, encoder: Encoder, items: Sequence[TaskItem], views: Translations) -> None:
        """Keep the translations.

        Raises:
            RecipeError: there are none.
        """
        del encoder, items
        if not views:
            raise RecipeError(
                "finetune.method: 'translated' reads translations of the training data, and there are none; add "
                '[finetune.translate] with `mix = "view"` and `by`'
            )
        self._views = views

    def rewrite(self, model: TaskModel, items: Sequence[TaskItem], generator: torch.Generator) -> Sequence[TaskItem]:
        """Return a translation of each item."""
        del model
        codes = list(self._views)
        drawn = torch.randint(len(codes), (len(items),), generator=generator).tolist()
        return [self._views[codes[place]].get(item.example, item) for item, place in zip(items, drawn, strict=True)]
