"""Label-aware multi-level contrast: label names as classifiers, and contrast of sentences and views at several levels.

Our interpretation of LAJ-MCL from its abstract and introduction, since the formulas were not available to us; weights,
temperatures and the use of cosines are our choice.  (a) The encoder also encodes the names of the labels, and the
cosine to a name is added to the logit of a linear head, or replaces it; for intent_slot, intents at the sentence token
and slots at words.  (b) InfoNCE between a sentence and its view, on projected vectors, for utterances, slots and words.
Views come from other methods of the recipe, `code_switch` in the paper; without one, the view is the sentence with
different dropout.  Slots and words are compared in tagged tasks only.  (c) Hard negatives of utterances and slots: the
view with the value of one slot replaced by another value of that slot.  Utterances without a slot have none.
Paper: Liang et al. 2022, arXiv 2205.03656 (LAJ-MCL); three levels also in Qin et al. 2022, arXiv 2204.08325 (GL-CLeF).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field, PrivateAttr
from torch import Tensor, nn

from crosslift.api.examples import TaskType
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from crosslift.encoder.pooling import Pooling
from crosslift.errors import RecipeError, unknown
from crosslift.finetune.bases.batch import LabelledBatch, Pass
from crosslift.finetune.bases.hard_negatives import HardNegatives, ValueSampler, has_slots
from crosslift.finetune.bases.method import FinetuneMethod, Translations
from crosslift.finetune.bases.span_contrast import EncodedNegatives, span_contrast, word_contrast
from crosslift.heads.intent_slot import at_sentence
from crosslift.heads.label_names import LabelNames, name_of
from crosslift.heads.linear import copied
from crosslift.heads.task_model import TaskModel
from crosslift.losses import info_nce
from crosslift.train.method import Terms
from crosslift.train.task_items import TaskItem

TAGGED = ("tagging", "intent_slot")
"""Task types with tags."""


class LabelAwareJoint(FinetuneMethod):
    """Label names as classifiers, and contrast of utterances, slots and words between sentences and their views.

    With ``label_semantics = "none"`` the head is that of the encoder's family or of another method; otherwise it is
    crosslift's `LabelNames`, which transformers' pipeline does not know.  A level with weight 0 is left out; with all
    weights 0 and without names it is plain fine-tuning.
    """

    splittable: ClassVar[bool] = False
    compares: ClassVar[bool] = True
    new_tokens: ClassVar[bool] = True
    task_types: ClassVar[tuple[str, ...]] = ("sentence", "pair", "tagging", "intent_slot")
    reasons: ClassVar[Mapping[str, str]] = {
        "extractive_qa": "positions of answers are not labels that examples could share"
    }
    paper: ClassVar[str] = "Liang et al. 2022, arXiv 2205.03656"

    label_semantics: Literal["add", "replace", "none"] = Field(
        "add", description="use of the cosines to label names: add them to the logits of a linear head, or replace it"
    )
    label_names: dict[str, str] | None = Field(
        None,
        description='text to encode for each label; others are spelled out, such as "B-LOC" as "beginning of location"',
    )
    label_temperature: float = Field(0.1, gt=0, description="divides the cosines to label names")
    utterance_weight: float = Field(0.1, ge=0, description="weight of the contrast between sentences and views")
    slot_weight: float = Field(0.1, ge=0, description="weight of the contrast between tagged spans")
    word_weight: float = Field(
        0.1, ge=0, description="weight of the contrast between replaced words and their originals"
    )
    temperature: float = Field(0.1, gt=0, description="divides the cosines of all contrasts")
    learn_views: float = Field(1.0, ge=0, description="weight of cross-entropy on the views")
    pooling: Pooling | None = Field(
        None,
        description="pooling of the states to a sentence vector; none: the sentence token for intent_slot, else the "
        "mean over tokens",
    )
    projection: bool = Field(
        True, description="contrast vectors after a projection of two layers, which is dropped after the stage"
    )
    hard_negatives: bool = Field(
        True, description="contrast utterances and slots with views that have another slot value (IOB2)"
    )

    _items: Sequence[TaskItem] = PrivateAttr(())
    _sampler: ValueSampler | None = PrivateAttr(None)

    @property
    def makes_head(self) -> bool:  # type: ignore[override]  # depends on the settings
        """Whether label names are used."""
        return self.label_semantics != "none"

    @property
    def second_pass(self) -> bool:
        """Whether any level has a weight."""
        return self._contrasts

    @property
    def view_weight(self) -> float:
        """Factor of cross-entropy on views."""
        return self.learn_views

    def head(
        self, encoder: Encoder, *, task: str, task_type: TaskType, labels: Sequence[str], seed: int
    ) -> LabelNames | None:
        """Return the head with label names, if there is one.

        Raises:
            RecipeError: the name of a label that the task does not have, or an empty name.
        """
        del task
        if not self.makes_head:
            return None
        return LabelNames(
            copied(encoder),
            task_type,
            tuple(labels),
            names=self._names(labels),
            temperature=self.label_temperature,
            linear=self.label_semantics == "add",
            generator=torch.Generator().manual_seed(seed),
        )

    def auxiliary_module(self, model: TaskModel) -> nn.Module | None:
        """Return the projection, if there is one."""
        if not (self.projection and self._contrasts):
            return None
        width = model.encoder.hidden_size
        return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))

    def begin(self, encoder: Encoder, items: Sequence[TaskItem], views: Translations) -> None:
        """Keep the training data, whose slot values are candidates for hard negatives."""
        del encoder, views
        self._items, self._sampler = items, None

    def draw(
        self, model: TaskModel, items: Sequence[TaskItem], inputs: Inputs, generator: torch.Generator
    ) -> HardNegatives | None:
        """Return the hard negatives."""
        del inputs
        wanted = self.hard_negatives and self.utterance_weight + self.slot_weight > 0
        if not wanted or model.task_type not in TAGGED or not has_slots(model.labels):
            return None
        if self._sampler is None:
            self._sampler = ValueSampler(self._items, model.labels)
        return self._sampler.negatives(model.encoder, items, generator)

    def terms(self, model: TaskModel, clean: Pass, view: Pass | None, batch: LabelledBatch, auxiliary: Any) -> Terms:
        """Return the contrast of each level, a scalar."""
        if view is None or not self._contrasts:
            return {}
        hard = next((drawn for drawn in batch.drawn if isinstance(drawn, HardNegatives)), None)
        negatives = None if hard is None else (hard, model.encoder.encode(hard.inputs))
        terms: dict[str, Tensor] = {}
        if self.utterance_weight:
            terms["utterance"] = self.utterance_weight * self._utterances(model, clean, view, negatives, auxiliary)
        if model.task_type not in TAGGED:
            return terms
        if self.slot_weight:
            encoded = None if negatives is None else EncodedNegatives(negatives[1], negatives[0].spans)
            contrast = span_contrast(
                *(clean, view, model.labels), temperature=self.temperature, project=auxiliary, negatives=encoded
            )
            terms["slot"] = self.slot_weight * contrast
        if self.word_weight:
            terms["word"] = self.word_weight * word_contrast(
                clean, view, temperature=self.temperature, project=auxiliary
            )
        return terms

    @property
    def _contrasts(self) -> bool:
        return self.utterance_weight + self.slot_weight + self.word_weight > 0

    def _utterances(
        self,
        model: TaskModel,
        clean: Pass,
        view: Pass,
        negatives: tuple[HardNegatives, Tensor] | None,
        project: nn.Module | None,
    ) -> Tensor:
        """Return the contrast of sentences and views, a scalar; `negatives` are hard negatives and their states."""

        def vectors(states: Tensor, inputs: Inputs) -> Tensor:
            pooled = self._pooled(model, states, inputs)
            return pooled if project is None else project(pooled)

        first, second = (vectors(done.output.states, done.inputs) for done in (clean, view))
        hard = None if negatives is None else (vectors(negatives[1], negatives[0].inputs), negatives[0].there)
        return info_nce(first, second, temperature=self.temperature, same_language_negatives=True, hard=hard)

    def _pooled(self, model: TaskModel, states: Tensor, inputs: Inputs) -> Tensor:
        if self.pooling is None and model.task_type == "intent_slot":
            return states[at_sentence(inputs)]
        return model.encoder.pool(states, inputs, self.pooling or "mean")

    def _names(self, labels: Sequence[str]) -> list[str]:
        given = self.label_names or {}
        for label, name in given.items():
            if label not in labels:
                raise RecipeError(f"label_names.{label}: {unknown('label', label, labels)}")
            if not name.strip():
                raise RecipeError(f"label_names.{label}: the name is empty; expected the text to encode for the label")
        return [given.get(label, name_of(label)) for label in labels]
