"""Label-aware contrast: sentence vectors with the same label are pulled together, others are pushed apart.

Cross-entropy on sentences and on their views, if another method makes views, and a supervised contrastive loss over all
of them.  With `same_premise`, pairs with the same premise share a batch: those with another label are hard negatives
that differ only in what decides the label.

Controls for the claim that it is labels that help: ``contrast_weight = 0`` (cross-entropy on sentences and views),
``positives = "views"`` (the only positive of a sentence is its view) and ``positives = "shuffled"`` (labels of other
examples).  `trade_off` weighs cross-entropy by 1 - lambda and the contrast by lambda, as Gunel et al. do.
Paper: Khosla et al. 2020, arXiv 2004.11362, equation 2; in fine-tuning: Gunel et al. 2021, arXiv 2011.01403.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from crosslift.api.examples import Example, PairExample
from crosslift.encoder.inputs import IGNORED
from crosslift.encoder.pooling import Pooling
from crosslift.finetune.bases.batch import LabelledBatch, Pass
from crosslift.finetune.bases.method import FinetuneMethod
from crosslift.heads.task_model import TaskModel
from crosslift.losses import supervised_contrastive
from crosslift.train.method import Terms


class LabelContrastive(FinetuneMethod):
    """Supervised contrast of sentence vectors; in tagging, of the states of tagged words; in intent_slot, by intents.

    Equal to plain fine-tuning with ``contrast_weight = 0``, no view and no premise groups.
    """

    splittable: ClassVar[bool] = False
    compares: ClassVar[bool] = True
    task_types: ClassVar[tuple[str, ...]] = ("sentence", "pair", "tagging", "intent_slot")
    reasons: ClassVar[Mapping[str, str]] = {
        "extractive_qa": "positions of answers are not labels that examples could share"
    }
    paper: ClassVar[str] = "Khosla et al. 2020, arXiv 2004.11362"

    contrast_weight: float = Field(0.3, ge=0, description="weight of the contrast (lambda)")
    temperature: float = Field(0.2, gt=0, description="divides the cosines")
    trade_off: bool = Field(False, description="multiply cross-entropy by 1 - contrast_weight (Gunel et al.)")
    learn_views: float = Field(1.0, ge=0, description="weight of cross-entropy on the views")
    positives: Literal["labels", "views", "shuffled"] = Field(
        "labels",
        description="what is pulled together: examples of one label; only a sentence and its view; shuffled labels",
    )
    same_premise: bool = Field(False, description="put pairs with the same first text into the same batch")
    pooling: Pooling = Field("first", description="pooling of the states to a sentence vector")

    @property
    def clean_weight(self) -> float:
        """Factor of cross-entropy on the sentences."""
        return 1 - self.contrast_weight if self.trade_off else 1.0

    @property
    def view_weight(self) -> float:
        """Factor of cross-entropy on views."""
        return self.learn_views * self.clean_weight

    def block(self, example: Example) -> str | None:
        """Return the premise."""
        return example.first if self.same_premise and isinstance(example, PairExample) else None

    def terms(self, model: TaskModel, clean: Pass, view: Pass | None, batch: LabelledBatch, auxiliary: Any) -> Terms:
        """Return the contrast over both passes, a scalar (Khosla et al., equation 2)."""
        del auxiliary
        if not self.contrast_weight:
            return {}
        passes = [each for each in (clean, view) if each is not None]
        vectors = torch.cat([self._vectors(model, each) for each in passes])
        found = [each.sentence_labels[each.sentence_labels != IGNORED] for each in passes]
        labels, count = torch.cat(found), len(found[0])
        if self.positives == "views":
            labels = torch.arange(count, device=labels.device).repeat(len(passes))
        elif self.positives == "shuffled":
            labels = labels[:count][self._shuffled(batch, count)].repeat(len(passes))
        contrast = supervised_contrastive(vectors, labels, temperature=self.temperature)
        return {"label_contrastive": self.contrast_weight * contrast}

    def _vectors(self, model: TaskModel, done: Pass) -> Tensor:
        if model.task_type == "tagging":
            return done.output.states[done.labels != IGNORED]
        return model.encoder.pool(done.output.states, done.inputs, self.pooling)[done.sentence_labels != IGNORED]

    @staticmethod
    def _shuffled(batch: LabelledBatch, count: int) -> Tensor:
        """Return a permutation of the labels, (count,), that depends on the batch only."""
        seed = int(batch.inputs.ids.sum()) % 2**31
        order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
        return order.to(batch.inputs.ids.device)
