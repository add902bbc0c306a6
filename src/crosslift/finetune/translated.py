"""Translated views: the view of a training sentence is its translation into a language drawn anew at each step.

For methods that compare sentences with views: `consistency` (xTune's machine-translated view) and `cross_aligner`.
Without one, translations replace the sentences.  They come from ``[finetune.translate]`` with ``mix = "view"``, so the
run is not zero-shot in its data; its warnings say so.
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
    """The translation of a sentence, with its own labels.  Needs translations of the training data."""

    rewrites: ClassVar[bool] = True
    translates: ClassVar[bool] = True
    new_tokens: ClassVar[bool] = True
    task_types: ClassVar[tuple[str, ...]] = ("sentence", "pair", "tagging", "intent_slot")
    reasons: ClassVar[Mapping[str, str]] = {
        "extractive_qa": "the answer has other positions in the translation of a context"
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
                "finetune.method: 'translated' needs translations of the training data, and there are none; add "
                '[finetune.translate] with `mix = "view"` and `by`'
            )
        self._views = views

    def rewrite(self, model: TaskModel, items: Sequence[TaskItem], generator: torch.Generator) -> Sequence[TaskItem]:
        """Return a translation of each item."""
        del model
        codes = list(self._views)
        drawn = torch.randint(len(codes), (len(items),), generator=generator).tolist()
        return [self._views[codes[place]].get(item.example, item) for item, place in zip(items, drawn, strict=True)]
