"""CrossAligner & Co: losses between a sentence and its translation, added to the task in the source language.

With ``translated`` in the recipe, whose view is the translation:

- `xero_align` (XA): mean squared distance of the two sentence vectors;
- `contrastive` (CTR): InfoNCE between sentences and translations of the batch (cosines, temperature 1);
- `cross_aligner` (CA), for tagged tasks: which tags occur in the sentence is predicted from the tag logits of the
  sentence, and from those of the translation.  The authors map the whole padded logit matrix to the labels; here the
  maximum of each tag's logits over the words is used, so that neither order nor length matters.

Sentence vectors are the states of the first token.  The translation's label is not used, unless ``learn_views = 1``
adds cross-entropy on it (the authors' TI).  Several losses are added with weight 1 (their "1 + 1"), or with
``weighting = "cov"`` by the coefficient of variation of each loss relative to its running mean: a loss that no longer
changes has weight 0.
Paper: Gritta et al. 2022, arXiv 2203.09982, sections 3 and 4; XeroAlign: Gritta & Iacobacci 2021, arXiv 2105.02472;
weighting: Groenendijk et al. 2021, arXiv 2009.01717.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from crosslift.api.examples import is_tag
from crosslift.encoder.inputs import IGNORED
from crosslift.errors import RecipeError
from crosslift.finetune.bases.batch import LabelledBatch, Pass
from crosslift.finetune.bases.method import FinetuneMethod
from crosslift.heads.task_model import TaskModel
from crosslift.losses import info_nce
from crosslift.train.method import Terms

Loss = Literal["xero_align", "contrastive", "cross_aligner"]


class CrossAligner(FinetuneMethod):
    """Losses between a sentence and its translation.  Needs a view to compare with, such as `translated`."""

    splittable: ClassVar[bool] = False
    compares: ClassVar[bool] = True
    task_types: ClassVar[tuple[str, ...]] = ("sentence", "pair", "tagging", "intent_slot")
    reasons: ClassVar[Mapping[str, str]] = {
        "extractive_qa": "the answer has other positions in the translation of a context"
    }
    paper: ClassVar[str] = "Gritta et al. 2022, arXiv 2203.09982"

    losses: tuple[Loss, ...] = Field(
        ("xero_align",),
        min_length=1,
        description="losses to add: xero_align, contrastive and, for tagged tasks, cross_aligner",
    )
    weighting: Literal["equal", "cov"] = Field(
        "equal", description="weights of the losses: 1 each, or by coefficient of variation"
    )
    learn_views: float = Field(0.0, ge=0, description="weight of the task loss on the translation; 1 for intents (TI)")

    @property
    def view_weight(self) -> float:
        """Factor of the task loss on translations."""
        return self.learn_views

    def auxiliary_module(self, model: TaskModel) -> nn.Module:
        """Return the classifier of the tags that occur, and the running statistics of the losses.

        Raises:
            RecipeError: `cross_aligner` on a task without tags.
        """
        if "cross_aligner" in self.losses and model.task_type not in ("tagging", "intent_slot"):
            raise RecipeError(
                f"cross_aligner.losses: 'cross_aligner' predicts tags, which '{model.task_type}' tasks do not have; "
                "use xero_align and contrastive only"
            )
        tags = [place for place, label in enumerate(model.labels) if model.task_type != "intent_slot" or is_tag(label)]
        return Aligner(tags, len(self.losses))

    def terms(self, model: TaskModel, clean: Pass, view: Pass | None, batch: LabelledBatch, auxiliary: Any) -> Terms:
        """Return the weighted losses, each a scalar; none without a view."""
        del model, batch
        if view is None:
            return {}
        made = {name: self._loss(name, clean, view, auxiliary) for name in self.losses}
        weights = auxiliary.weights(torch.stack(list(made.values())).detach()) if self.weighting == "cov" else None
        return {
            name: value if weights is None else weights[index] * value
            for index, (name, value) in enumerate(made.items())
        }

    def after_step(self, model: Any, auxiliary: nn.Module | None) -> None:
        """Update the running statistics with the losses of the step."""
        del model
        if isinstance(auxiliary, Aligner) and self.weighting == "cov":
            auxiliary.update()

    def _loss(self, name: Loss, clean: Pass, view: Pass, auxiliary: Any) -> Tensor:
        if name == "cross_aligner":
            return auxiliary(clean, clean.labels) + auxiliary(view, clean.labels)  # type: ignore[no-any-return]
        first, second = (each.output.states[:, 0].float() for each in (clean, view))
        if name == "xero_align":
            return functional.mse_loss(first, second)
        return info_nce(first, second, temperature=1.0, symmetric=False)


class Aligner(nn.Module):
    """Classifier of the tags that occur in a sentence, given its tag logits; and running statistics of the losses."""

    mean: Tensor
    latest: Tensor
    ratio_mean: Tensor
    ratio_square: Tensor
    steps: Tensor

    def __init__(self, tags: Sequence[int], losses: int) -> None:
        super().__init__()
        self.tags = list(tags)
        self.occurs = nn.Linear(len(tags), len(tags))
        for name in ("mean", "latest", "ratio_mean", "ratio_square"):
            self.register_buffer(name, torch.zeros(losses))
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, done: Pass, labels: Tensor) -> Tensor:
        """Return the mean binary cross-entropy of the tags that occur, a scalar.

        Args:
            done: the pass whose tag logits are used.
            labels: (batch, length), tags of the sentence, also if the pass is that of its translation.
        """
        words = (~done.inputs.special).unsqueeze(-1)
        logits = done.output.logits.float()[..., self.tags]  # (batch, length, tags)
        highest = logits.masked_fill(~words, torch.finfo(logits.dtype).min).amax(dim=1)  # (batch, tags)
        known = labels != IGNORED
        outputs = done.output.logits.shape[-1]
        occurring = functional.one_hot(labels.masked_fill(~known, 0), outputs) * known.unsqueeze(-1)
        there = occurring[..., self.tags]
        return functional.binary_cross_entropy_with_logits(self.occurs(highest), there.amax(dim=1).to(logits))

    def weights(self, losses: Tensor) -> Tensor:
        """Return the weights (losses,) of losses (losses,); 1 each before there are two steps.

        The weight of a loss is the coefficient of variation of its ratio to its running mean.
        """
        self.latest = losses.to(self.latest)
        if self.steps < 2:
            return torch.ones_like(losses)
        deviation = (self.ratio_square - self.ratio_mean.square()).clamp(min=0).sqrt()
        weights: Tensor = deviation / self.ratio_mean.clamp(min=1e-12)
        return weights.to(losses)

    def update(self) -> None:
        """Update the running statistics with the latest losses."""
        self.steps = self.steps + 1
        ratio = self.latest / torch.where(self.steps > 1, self.mean, self.latest).clamp(min=1e-12)
        self.mean = self.mean + (self.latest - self.mean) / self.steps
        self.ratio_mean = self.ratio_mean + (ratio - self.ratio_mean) / self.steps
        self.ratio_square = self.ratio_square + (ratio.square() - self.ratio_square) / self.steps
