"""Consistency: predictions for a sentence and for its view must agree.

Cross-entropy on the sentences, plus the symmetric Kullback-Leibler divergence between the predictions for sentences and
for their views.  Views come from other methods of the recipe (`code_switch`, `synonym_smoothing`, noise on embeddings);
without one, the view is the same sentence with different dropout.  With `teacher`, a model fine-tuned this way before,
its predictions for the sentences are matched too: xTune's second stage, in which ``learn_views = 1`` adds cross-entropy
on the views.
Paper: Zheng et al. 2021, arXiv 2106.08226, equations 3 to 6 (xTune).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from crosslift.encoder.inputs import IGNORED
from crosslift.errors import RecipeError
from crosslift.finetune.bases.batch import LabelledBatch, Pass
from crosslift.finetune.bases.method import FinetuneMethod
from crosslift.heads.task_model import TaskModel
from crosslift.train.method import Terms


class Consistency(FinetuneMethod):
    """Symmetric divergence between sentence and view.  Without a teacher and at `example_weight` 0 it adds nothing."""

    compares: ClassVar[bool] = True
    paper: ClassVar[str] = "Zheng et al. 2021, arXiv 2106.08226"

    example_weight: float = Field(5.0, ge=0, description="weight of the divergence between sentence and view (R1)")
    learn_views: float = Field(0.0, ge=0, description="weight of cross-entropy on the views; 1 in xTune's second stage")
    teacher: str | None = Field(None, description="directory of a model fine-tuned on the same task")
    teacher_weight: float = Field(5.0, ge=0, description="weight of the divergence from the teacher (R2); 2 for PAWS-X")

    @property
    def second_pass(self) -> bool:
        """Whether the divergence has a weight."""
        return self.example_weight > 0

    @property
    def view_weight(self) -> float:
        """Factor of cross-entropy on views."""
        return self.learn_views

    def auxiliary_module(self, model: TaskModel) -> nn.Module | None:
        """Return the frozen teacher, if there is one.

        Raises:
            RecipeError: it was fine-tuned on a task with other labels or of another type.
        """
        if self.teacher is None:
            return None
        teacher = TaskModel.load(self.teacher)
        if (teacher.task_type, teacher.labels) != (model.task_type, model.labels):
            raise RecipeError(
                f"consistency.teacher: {self.teacher} predicts {', '.join(teacher.labels) or teacher.task_type}; "
                f"expected a model for {', '.join(model.labels) or model.task_type}"
            )
        return Teacher(teacher)

    def terms(self, model: TaskModel, clean: Pass, view: Pass | None, batch: LabelledBatch, auxiliary: Any) -> Terms:
        """Return the divergences from the view and from the teacher, each a scalar."""
        del model
        terms = {}
        rows = _labelled(clean)
        if view is not None and self.example_weight:
            if clean.count != view.count:
                raise RecipeError(
                    "consistency: predictions are compared word by word, but the view has a different number of words; "
                    "for tagging use a view that keeps them (code_switch, synonym_smoothing, noise), or cross_aligner"
                )
            apart = symmetric_divergence(rows, _labelled(view))
            terms["consistency"] = self.example_weight * apart / max(1, clean.count)
        if auxiliary is not None:
            with torch.no_grad():
                target = auxiliary(batch)[clean.labels != IGNORED].float().log_softmax(dim=-1)
            learned = functional.kl_div(rows.float().log_softmax(dim=-1), target, reduction="sum", log_target=True)
            terms["teacher"] = self.teacher_weight * learned / max(1, clean.count)
        return terms


class Teacher(nn.Module):
    """A fine-tuned model that is not trained."""

    def __init__(self, model: TaskModel) -> None:
        super().__init__()
        self.module = model.module.requires_grad_(False)
        self._model = [model]  # in a list, so that only `module` is registered as a submodule

    def train(self, mode: bool = True) -> Teacher:  # noqa: ARG002 - dropout stays off
        """Stay in evaluation mode."""
        super().train(False)
        return self

    def forward(self, batch: LabelledBatch) -> Tensor:
        """Return the logits of the sentences, see `LabelledBatch.class_logits`: (examples, classes), for example."""
        return batch.class_logits(self._model[0].logits(batch.inputs), batch.inputs)


def _labelled(done: Pass) -> Tensor:
    """Return the logits that have a label, (n, classes), in row-major order."""
    return done.output.logits[done.labels != IGNORED]


def symmetric_divergence(first: Tensor, second: Tensor) -> Tensor:
    """Return KL(first || second) + KL(second || first) of logits (n, classes), a scalar: the sum over n."""
    sides: Sequence[Tensor] = [logits.float().log_softmax(dim=-1) for logits in (first, second)]
    both = [functional.kl_div(a, b, reduction="sum", log_target=True) for a, b in (sides, sides[::-1])]
    return torch.stack(both).sum()
