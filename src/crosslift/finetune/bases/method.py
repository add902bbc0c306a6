"""The contract of a fine-tuning method: the parts of a step that it may change.

The methods of a recipe share one batch and one task loss.  Each overrides the hooks that its idea is about:

===================  ==============================================================================================
hook                 purpose
===================  ==============================================================================================
``begin``            look at encoder, data and translations before the first step
``rewrite``          a *view* of the sentences, drawn anew at each step
``draw, perturb``    change the model's input in a step: noise on embeddings, or words chosen against the model
``task_loss``        the loss of predictions against labels
``terms``            additional losses
``block``            examples that must share a batch
``run_step``         the computation of a step's gradients
``head``             the task head
===================  ==============================================================================================

A view replaces the sentences unless a method of the recipe compares the two (`compares`): then both are in the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from crosslift.api.examples import Example, TaskType
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs
from crosslift.finetune.bases.batch import LabelledBatch, ModelInput, Pass, labelled_batch
from crosslift.heads.label_names import LabelNames
from crosslift.heads.label_words import LabelWords
from crosslift.heads.task_model import TaskModel
from crosslift.train.batch import Batch
from crosslift.train.method import Backward, Method, Terms
from crosslift.train.task_items import Item, TaskItem, choices_of, rows_of

Translations = Mapping[str, Mapping[int, TaskItem]]
"""Translated items by language and by the index of the example that they translate."""
Loss = Callable[[ModelInput], Tensor]
"""The mean task loss of an input, a scalar."""


class FinetuneMethod(Method):
    """Base of every fine-tuning method; without overridden hooks it is plain fine-tuning."""

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "task"
    rewrites: ClassVar[bool] = False
    """Whether it overrides `rewrite`."""
    perturbs: ClassVar[bool] = False
    """Whether it overrides `perturb`; at most one method of a recipe may."""
    makes_head: ClassVar[bool] = False
    """Whether it overrides `head`; at most one method of a recipe may."""
    compares: ClassVar[bool] = False
    """Whether it compares sentences with their views, so that a batch holds both."""
    moves: ClassVar[bool] = False
    """Whether its views may have more or fewer tokens than the sentences, so that positions differ."""
    translates: ClassVar[bool] = False
    """Whether it uses translations of the training data."""
    new_tokens: ClassVar[bool] = False
    """Whether it may embed tokens that the training data lacks; the vocabulary is then not trimmed."""
    task_types: ClassVar[tuple[str, ...]] = (
        *("sentence", "pair", "tagging", "intent_slot", "extractive_qa", "multiple_choice"),
    )
    """The task types it is defined for."""
    reasons: ClassVar[Mapping[str, str]] = {}
    """The reason why it is not defined for a task type, where one is worth giving."""

    @property
    def active(self) -> bool:
        """Whether its settings leave it anything to do."""
        return True

    @property
    def second_pass(self) -> bool:
        """Whether it compares two passes over the same sentence, with different dropout, where there is no view."""
        return False

    @property
    def clean_weight(self) -> float:
        """Factor of the task loss on the sentences."""
        return 1.0

    @property
    def view_weight(self) -> float | None:
        """Factor of the task loss on views that are compared with their sentences; None leaves it to other methods."""
        return None

    def rewrite(self, model: TaskModel, items: Sequence[TaskItem], generator: torch.Generator) -> Sequence[TaskItem]:
        """Return views of the items, in their order; each choice of a multiple-choice example is an item."""
        del model, generator
        return items

    def draw(
        self, model: TaskModel, items: Sequence[TaskItem], inputs: Inputs, generator: torch.Generator
    ) -> Batch | None:
        """Return the random values of the step, which `perturb` and `run_step` get; `inputs` are the padded items."""
        del model, items, inputs, generator
        return None

    def perturb(
        self, model: TaskModel, model_input: ModelInput, drawn: Batch | None, loss: Loss, auxiliary: Any
    ) -> ModelInput:
        """Return the input that the task is learned from; `drawn` is what `draw` returned, `loss` gives a scalar."""
        del model, drawn, loss, auxiliary
        return model_input

    def task_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of predictions, a scalar: the sum over those with a label.

        Args:
            logits: (n, classes): labels, choices, or for extractive_qa positions, with one row for the start and one
                for the end of an answer.  Some classes may be impossible, see `bases.batch.possible`.
            labels: (n,), IGNORED where there is none.
        """
        return functional.cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum")

    def terms(self, model: TaskModel, clean: Pass, view: Pass | None, batch: LabelledBatch, auxiliary: Any) -> Terms:
        """Return additional losses, each a scalar mean over `num_targets(batch)`.

        Args:
            model: the task model.
            clean: the pass over the sentences, or over views that replace them.
            view: the pass over the views that are compared with the sentences.
            batch: the batch.
            auxiliary: the method's own auxiliary module.
        """
        del model, clean, view, batch, auxiliary
        return {}

    def block(self, example: Example) -> str | None:
        """Return a key that examples which must share a batch have in common, or None."""
        del example
        return None

    def run_step(
        self,
        combined: FinetuneMethod,
        model: TaskModel,
        batch: LabelledBatch,
        backward: Backward,
        auxiliary: nn.Module | None,
    ) -> Terms | None:
        """Compute the step's gradients and return its terms; None for the usual way.

        Args:
            combined: all methods of the recipe as one, whose `loss` is to be learned from.
            model: the task model.
            batch: the batch.
            backward: adds the gradients of terms.
            auxiliary: the auxiliary module of `combined`.
        """
        del combined, model, batch, backward, auxiliary
        return None

    def head(
        self, encoder: Encoder, *, task: str, task_type: TaskType, labels: Sequence[str], seed: int
    ) -> LabelWords | LabelNames | None:
        """Return the head to train; None for that of the encoder's family.

        Args:
            encoder: the encoder before fine-tuning; not changed.
            task: name of the task.
            task_type: type of the task.
            labels: in the order of the outputs.
            seed: seed of random weights.
        """
        del encoder, task, task_type, labels, seed
        return None

    def begin(self, encoder: Encoder, items: Sequence[TaskItem], views: Translations) -> None:
        """Prepare before the first step.

        Args:
            encoder: the encoder before fine-tuning.
            items: the training data.
            views: translations of the training data, if the recipe has some for methods to compare with.
        """
        del encoder, items, views

    @property
    def parts(self) -> tuple[FinetuneMethod, ...]:
        """The methods that make up the step: this one, unless it combines several."""
        return (self,)

    def auxiliaries(self, auxiliary: nn.Module | None) -> Sequence[nn.Module | None]:
        """Return the auxiliary module of each of `parts`."""
        return (auxiliary,)

    def drawn_by(self, part: FinetuneMethod, batch: LabelledBatch) -> Batch | None:
        """Return the random values that one of `parts` drew for a batch."""
        return next(drawn for each, drawn in zip(self.parts, batch.drawn, strict=True) if each is part)

    def weight_of(self, index: int) -> float:
        """Return the factor of the terms of a part."""
        del index
        return 1.0

    def collate(self, model: TaskModel, items: Sequence[Item], generator: torch.Generator) -> LabelledBatch:
        """Rewrite the items, pad them, and draw the random values of all parts.

        Raises:
            DataError: examples differ in their number of choices.
        """
        choices, rows = choices_of(items), rows_of(items)
        views: Sequence[TaskItem] = rows
        for part in self.parts:
            views = part.rewrite(model, views, generator)
        batch = labelled_batch(model, rows if self._compared else views, choices)
        if self._compared:
            batch = replace(batch, view=labelled_batch(model, views, choices).inputs)
        inputs = batch.view or batch.inputs
        return replace(batch, drawn=tuple(part.draw(model, views, inputs, generator) for part in self.parts))

    def num_targets(self, batch: LabelledBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return the number of labels: examples, tagged tokens, or starts and ends of answers."""
        return int((batch.labels_of(batch.inputs) != IGNORED).sum())

    def loss(  # type: ignore[override]
        self, model: TaskModel, batch: LabelledBatch, auxiliary: nn.Module | None = None
    ) -> Terms:
        """Return the task loss and the terms of all parts, each a scalar."""
        model_input = ModelInput(batch.view or batch.inputs)
        for part, drawn, own in zip(self.parts, batch.drawn, self.auxiliaries(auxiliary), strict=True):
            model_input = part.perturb(model, model_input, drawn, self.mean_loss(model, batch), own)
        return self.terms_of(model, batch, model_input, auxiliary)

    def terms_of(
        self, model: TaskModel, batch: LabelledBatch, model_input: ModelInput, auxiliary: nn.Module | None
    ) -> Terms:
        """Return the terms of a batch, each a scalar; `model_input` is that of the views, or of the sentences."""
        if batch.view is None:
            clean, view = self.run_pass(model, batch, model_input), None
        else:
            clean, view = (
                self.run_pass(model, batch, ModelInput(batch.inputs)),
                self.run_pass(model, batch, model_input),
            )
        terms: dict[str, Tensor] = {"task": prod(part.clean_weight for part in self.parts) * self._mean(clean)}
        if view is not None and (weight := self._view_weight):
            terms["view"] = weight * self._mean(view)
        for index, (part, own) in enumerate(zip(self.parts, self.auxiliaries(auxiliary), strict=True)):
            added = part.terms(model, clean, view, batch, own)
            terms |= {name: self.weight_of(index) * value for name, value in added.items()}
        return terms

    def step(  # type: ignore[override]
        self, model: TaskModel, batch: LabelledBatch, backward: Backward, auxiliary: nn.Module | None = None
    ) -> Terms:
        """Compute the loss and its gradients."""
        for part in self.parts:
            terms = part.run_step(self, model, batch, backward, auxiliary)
            if terms is not None:
                return terms
        return super().step(model, batch, backward, auxiliary)

    @property
    def _compared(self) -> bool:
        """Whether a batch holds sentences and views."""
        active = [part for part in self.parts if part.active]
        changed = any(part.rewrites or part.perturbs or part.second_pass for part in active)
        return changed and any(part.compares for part in active)

    @property
    def _view_weight(self) -> float:
        weights = [part.view_weight for part in self.parts if part.view_weight is not None]
        return max(weights, default=1.0)

    def run_pass(self, model: TaskModel, batch: LabelledBatch, model_input: ModelInput) -> Pass:
        """Return one pass through the model: logits of (examples or tokens, classes), and their labels."""
        output = model_input.output(model)
        output = replace(output, logits=batch.class_logits(output.logits, model_input.inputs))
        return Pass(model_input, output, batch.labels_of(model_input.inputs), batch.balance)

    def _mean(self, done: Pass) -> Tensor:
        """Return the mean task loss of a pass; for intent_slot, that of intents plus that of tags."""
        own = [part for part in self.parts if type(part).task_loss is not FinetuneMethod.task_loss]
        decides = own[-1] if own else self.parts[0]
        losses = [weight * decides.task_loss(logits, labels) for weight, logits, labels in done.predictions]
        return torch.stack(losses).sum() / max(1, done.count)

    def mean_loss(self, model: TaskModel, batch: LabelledBatch) -> Loss:
        """Return the function of a model input that gives its mean task loss, a scalar."""
        return lambda model_input: self._mean(self.run_pass(model, batch, model_input))
