"""The fine-tuning contract: what a method may change in a step, so that several of them make one step together.

A recipe's methods share one batch and one task loss.  Each changes what it is about and leaves the rest:

==================  ================================================================================================
hook                what a method changes with it
==================  ================================================================================================
``rewrite``         the sentences: a *view* of them, drawn anew each time
``draw, perturb``   what the model computes from a batch: noise on its embeddings, or words exchanged against it
``task_loss``       how predictions are compared with labels
``terms``           nothing: it adds a loss of its own
``block``           the batches: examples that are kept together
``run_step``        how a step's gradients come about
``head``            what predicts; one method of a recipe at most
==================  ================================================================================================

A view takes the sentences' place, unless a method of the recipe compares both (`compares`): then it stands beside them.
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
from crosslift.encoder.inputs import IGNORED, Inputs, pad
from crosslift.finetune.bases.batch import LabelledBatch, ModelInput, Pass
from crosslift.heads.intent_slot import at_sentence
from crosslift.heads.label_names import LabelNames
from crosslift.heads.label_words import LabelWords
from crosslift.heads.task_model import TaskModel
from crosslift.train.batch import Batch
from crosslift.train.method import Backward, Method, Terms
from crosslift.train.task_items import Item, TaskItem, choices_of, rows_of

Translations = Mapping[str, Mapping[int, TaskItem]]
"""Items by language and by the index of the example that they translate."""
Loss = Callable[[ModelInput], Tensor]
"""The mean task loss of a reading."""


class FinetuneMethod(Method):
    """Base of every fine-tuning method; alone it is plain fine-tuning."""

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "task"
    rewrites: ClassVar[bool] = False
    """Whether `rewrite` is there."""
    moves: ClassVar[bool] = False
    """Whether its views may have more or fewer tokens, so that positions in them are others."""
    perturbs: ClassVar[bool] = False
    """Whether `perturb` is there; one method of a recipe at most."""
    compares: ClassVar[bool] = False
    """Whether views stand beside the sentences, where `active`."""
    translates: ClassVar[bool] = False
    """Whether it reads translations of the training data."""
    new_tokens: ClassVar[bool] = False
    """Whether a step may embed tokens that the training data lacks: then the vocabulary is not trimmed."""
    makes_head: ClassVar[bool] = False
    """Whether `head` is there; one method of a recipe at most."""
    task_types: ClassVar[tuple[str, ...]] = (
        "sentence",
        "pair",
        "tagging",
        "intent_slot",
        "extractive_qa",
        "multiple_choice",
    )
    """The forms of task it is defined for."""
    reasons: ClassVar[Mapping[str, str]] = {}
    """Why it is not defined for another form, where that is worth saying."""

    @property
    def active(self) -> bool:
        """Whether its settings leave it anything to do."""
        return True

    @property
    def second_reading(self) -> bool:
        """Whether each sentence is read twice even where nothing rewrites or perturbs it (dropout differs)."""
        return False

    @property
    def clean_weight(self) -> float:
        """Factor of the task loss on the sentences, where views stand beside them."""
        return 1.0

    @property
    def view_weight(self) -> float | None:
        """Factor of the task loss on views that stand beside their sentences; None leaves it to others."""
        return None

    def rewrite(self, model: TaskModel, items: Sequence[TaskItem], generator: torch.Generator) -> Sequence[TaskItem]:
        """Return views of the items, in their order; of an example with choices, each choice is an item."""
        del model, generator
        return items

    def draw(
        self, model: TaskModel, items: Sequence[TaskItem], inputs: Inputs, generator: torch.Generator
    ) -> Batch | None:
        """Return what the method needs of chance, beside views: it is handed to `perturb`."""
        del model, items, inputs, generator
        return None

    def perturb(
        self, model: TaskModel, model_input: ModelInput, drawn: Batch | None, loss: Loss, auxiliary: Any
    ) -> ModelInput:
        """Return the reading that the task is learned from."""
        del model, drawn, loss, auxiliary
        return model_input

    def task_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of predictions, summed over what has a label.

        Args:
            logits: (n, labels), (n, choices), or for spans (n, positions): two rows a window, start and end.
            labels: (n,), IGNORED where there is none.
        """
        return functional.cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum")

    def terms(self, model: TaskModel, clean: Pass, view: Pass | None, batch: LabelledBatch, auxiliary: Any) -> Terms:
        """Return terms to add, each a mean over `units(batch)`.

        Args:
            model: the task model.
            clean: the pass over the sentences; over what took their place, where nothing stands beside.
            view: the pass over what stands beside them.
            batch: the batch.
            auxiliary: the method's own.
        """
        del model, clean, view, batch, auxiliary
        return {}

    def block(self, example: Example) -> str | None:
        """Return what examples that must share a batch have in common; None for nothing."""
        del example
        return None

    def run_step(
        self,
        together: FinetuneMethod,
        model: TaskModel,
        batch: LabelledBatch,
        backward: Backward,
        auxiliary: nn.Module | None,
    ) -> Terms | None:
        """Compute the step's gradients; None for the usual way.

        Args:
            together: all methods of the recipe, whose `loss` the step is about.
            model: the task model.
            batch: the batch.
            backward: adds the gradients of terms.
            auxiliary: what `together.loss` takes.
        """
        del together, model, batch, backward, auxiliary
        return None

    def head(
        self, encoder: Encoder, *, task: str, task_type: TaskType, labels: Sequence[str], seed: int
    ) -> LabelWords | LabelNames | None:
        """Return the head to train, made of the encoder; None for the family's own.

        Args:
            encoder: what fine-tuning starts from; stays as it is.
            task: name of the task.
            task_type: its form.
            labels: in the order of the outputs.
            seed: of random weights.
        """
        del encoder, task, task_type, labels, seed
        return None

    def begin(self, encoder: Encoder, items: Sequence[TaskItem], views: Translations) -> None:
        """Look at what there is before the first step.

        Args:
            encoder: as it was without a task's head.
            items: the training data.
            views: its translations, if the recipe has some for methods to compare with.
        """
        del encoder, items, views

    @property
    def parts(self) -> tuple[FinetuneMethod, ...]:
        """The methods that make the step: this one, unless it stands for several."""
        return (self,)

    def auxiliaries(self, auxiliary: nn.Module | None) -> Sequence[nn.Module | None]:
        """Return what each of `parts` needs beside the model."""
        return (auxiliary,)

    def drawn_by(self, part: FinetuneMethod, batch: LabelledBatch) -> Batch | None:
        """Return what one of `parts` drew for a batch."""
        return next(drawn for each, drawn in zip(self.parts, batch.drawn, strict=True) if each is part)

    def weight_of(self, index: int) -> float:
        """Return the factor of the terms of a part."""
        del index
        return 1.0

    def collate(self, model: TaskModel, items: Sequence[Item], generator: torch.Generator) -> LabelledBatch:
        """Rewrite the items, pad them, and draw what the perturbation needs.

        Raises:
            DataError: examples differ in their number of choices.
        """
        choices, rows = choices_of(items), rows_of(items)
        views: Sequence[TaskItem] = rows
        for part in self.parts:
            views = part.rewrite(model, views, generator)
        beside = self._beside
        batch = _padded(model, rows if beside else views, choices)
        if beside:
            batch = replace(batch, view=_padded(model, views, choices).inputs)
        read = batch.view or batch.inputs
        return replace(batch, drawn=tuple(part.draw(model, views, read, generator) for part in self.parts))

    def num_targets(self, batch: LabelledBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return the number of labels: examples, tagged tokens, or starts and ends of answers."""
        return int((batch.labels_of(batch.inputs) != IGNORED).sum())

    def loss(  # type: ignore[override]
        self, model: TaskModel, batch: LabelledBatch, auxiliary: nn.Module | None = None
    ) -> Terms:
        """Return the task loss and the terms of all parts."""
        model_input = ModelInput(batch.view or batch.inputs)
        for part, drawn, own in zip(self.parts, batch.drawn, self.auxiliaries(auxiliary), strict=True):
            model_input = part.perturb(model, model_input, drawn, self._mean_loss(model, batch), own)
        return self.terms_of(model, batch, model_input, auxiliary)

    def terms_of(
        self, model: TaskModel, batch: LabelledBatch, model_input: ModelInput, auxiliary: nn.Module | None
    ) -> Terms:
        """Return the terms of a batch whose sentences, or the views beside them, are read as `model_input` says."""
        if batch.view is None:
            clean, view = self._pass(model, batch, model_input), None
        else:
            clean, view = self._pass(model, batch, ModelInput(batch.inputs)), self._pass(model, batch, model_input)
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
    def _beside(self) -> bool:
        active = [part for part in self.parts if part.active]
        changed = any(part.rewrites or part.perturbs or part.second_reading for part in active)
        return changed and any(part.compares for part in active)

    @property
    def _view_weight(self) -> float:
        weights = [part.view_weight for part in self.parts if part.view_weight is not None]
        return max(weights, default=1.0)

    def _pass(self, model: TaskModel, batch: LabelledBatch, model_input: ModelInput) -> Pass:
        output = model_input.output(model)
        output = replace(output, logits=batch.by_example(output.logits, model_input.inputs))
        return Pass(model_input, output, batch.labels_of(model_input.inputs), batch.balance)

    def _mean(self, done: Pass) -> Tensor:
        """Return the mean task loss of a pass; of a joint task, that of intents plus that of tags."""
        own = [part for part in self.parts if type(part).task_loss is not FinetuneMethod.task_loss]
        decides = own[-1] if own else self.parts[0]
        losses = [factor * decides.task_loss(logits, labels) for factor, logits, labels in done.task_types]
        return torch.stack(losses).sum() / max(1, done.count)

    def _mean_loss(self, model: TaskModel, batch: LabelledBatch) -> Loss:
        return lambda model_input: self._mean(self._pass(model, batch, model_input))


def _padded(model: TaskModel, rows: Sequence[TaskItem], choices: int) -> LabelledBatch:
    inputs = model.encoder.collate([row.tokens for row in rows])
    if model.task_type in ("tagging", "intent_slot"):
        tags = pad([row.label for row in rows if isinstance(row.label, tuple)], IGNORED)
        inputs = replace(inputs, targets=tags)
        return LabelledBatch(inputs, None, balance=_balance(inputs) if model.task_type == "intent_slot" else None)
    return LabelledBatch(inputs, torch.tensor([row.label for row in rows[::choices]]))


def _balance(inputs: Inputs) -> Tensor:
    """Return how many labels there are for each intent, and for each tag: (batch, 2), the same in all rows."""
    assert inputs.targets is not None
    labelled, whole = inputs.targets != IGNORED, at_sentence(inputs)
    counts = torch.stack([(labelled & whole).sum(), (labelled & ~whole).sum()])
    return (counts.sum() / counts.clamp(min=1)).expand(len(inputs), 2)
