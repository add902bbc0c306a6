"""Label-aware multi-level contrast: labels are known by their names, and views are compared at several levels.

A reading of LAJ-MCL after its abstract and introduction, whose formulas we could not see; weights, temperatures and the
cosines are our choice.  (a) The same encoder reads the labels' names, and the cosine to a name is added to a linear
head's logit, or replaces it; in joint tasks those of intents at the sentence's token, those of slots at words.  (b)
InfoNCE between a sentence and its view, on projected vectors, for utterances, slots and words.  The view is what other
methods of the recipe make, `code_switch` in the paper; with none it is the sentence under other dropout.  Slots and
words are compared where tags tell where they are.  (c) Hard negatives of utterances and slots: the view with the value
of one slot exchanged for another value of that slot.  Utterances without a slot have none (exchanging a key word for
one of another meaning needs to know meanings).
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
from crosslift.errors import RecipeError, nearest
from crosslift.finetune.bases.batch import LabelledBatch, Pass
from crosslift.finetune.bases.hard_negatives import Exchange, HardNegatives, has_slots
from crosslift.finetune.bases.method import FinetuneMethod, Translations
from crosslift.finetune.bases.span_contrast import Exchanged, span_contrast, word_contrast
from crosslift.heads.intent_slot import at_sentence
from crosslift.heads.label_names import LabelNames, name_of
from crosslift.heads.linear import copied
from crosslift.heads.task_model import TaskModel
from crosslift.losses import info_nce
from crosslift.train.method import Terms
from crosslift.train.task_items import TaskItem

TAGGED = ("tagging", "intent_slot")
"""Forms of tasks whose words have tags."""


class LabelAwareJoint(FinetuneMethod):
    """Label names as classifier, and contrast of utterances, slots and words between sentences and their views.

    With ``label_semantics = "none"`` the head is the family's own, or another method's; else it is one of crosslift's,
    which transformers' pipeline does not know.  A level with weight 0 is left out; with all weights 0
    and no names it is plain fine-tuning.
    """

    splittable: ClassVar[bool] = False
    compares: ClassVar[bool] = True
    new_tokens: ClassVar[bool] = True
    task_types: ClassVar[tuple[str, ...]] = ("sentence", "pair", "tagging", "intent_slot")
    reasons: ClassVar[Mapping[str, str]] = {
        "extractive_qa": "positions of answers are no labels that examples could share"
    }
    paper: ClassVar[str] = "Liang et al. 2022, arXiv 2205.03656"

    label_semantics: Literal["add", "replace", "none"] = Field(
        "add", description="what cosines to label names do to the linear head: are added to its logits, or replace it"
    )
    label_names: dict[str, str] | None = Field(
        None,
        description='what the encoder reads for a label; those not given are spelled out: "B-LOC" is "beginning '
        'of location"',
    )
    label_temperature: float = Field(0.1, gt=0, description="divides the cosines to label names")
    utterance_weight: float = Field(0.1, ge=0, description="of the contrast between sentences and their views")
    slot_weight: float = Field(0.1, ge=0, description="of the contrast between tagged spans")
    word_weight: float = Field(0.1, ge=0, description="of the contrast between exchanged words and their originals")
    temperature: float = Field(0.1, gt=0, description="divides the cosines of all contrasts")
    learn_views: float = Field(1.0, ge=0, description="of cross-entropy on views that stand beside their sentences")
    pooling: Pooling | None = Field(
        None,
        description="sentence vector: first token, or mean over tokens or over words; none: the token that tells the "
        "intent in joint tasks, else the mean over tokens",
    )
    projection: bool = Field(
        True, description="contrasts are made on two layers over the vectors, dropped after the stage; else on these"
    )
    hard_negatives: bool = Field(
        True, description="utterances and slots are told from views with another value in a slot, where tags are IOB2"
    )

    _items: Sequence[TaskItem] = PrivateAttr(())
    _exchange: Exchange | None = PrivateAttr(None)

    @property
    def makes_head(self) -> bool:  # type: ignore[override]  # a fact of the settings
        """Whether names are read."""
        return self.label_semantics != "none"

    @property
    def second_reading(self) -> bool:
        """Whether each sentence is read twice: unless no level counts."""
        return self._contrasts

    @property
    def view_weight(self) -> float:
        """Factor of cross-entropy on views."""
        return self.learn_views

    def head(
        self, encoder: Encoder, *, task: str, task_type: TaskType, labels: Sequence[str], seed: int
    ) -> LabelNames | None:
        """Return the head that reads the labels' names.

        Raises:
            RecipeError: names for labels that the task has not, or an empty one.
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
        """Return the projection, if contrasts are made on one."""
        if not (self.projection and self._contrasts):
            return None
        width = model.encoder.hidden_size
        return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))

    def begin(self, encoder: Encoder, items: Sequence[TaskItem], views: Translations) -> None:
        """Keep the training data, whose slots have values to exchange."""
        del encoder, views
        self._items, self._exchange = items, None

    def draw(
        self, model: TaskModel, items: Sequence[TaskItem], inputs: Inputs, generator: torch.Generator
    ) -> HardNegatives | None:
        """Return the views with other values."""
        del inputs
        wanted = self.hard_negatives and self.utterance_weight + self.slot_weight > 0
        if not wanted or model.task_type not in TAGGED or not has_slots(model.labels):
            return None
        if self._exchange is None:
            self._exchange = Exchange(self._items, model.labels)
        return self._exchange.negatives(model.encoder, items, generator)

    def terms(self, model: TaskModel, clean: Pass, view: Pass | None, batch: LabelledBatch, auxiliary: Any) -> Terms:
        """Return the contrast of each level."""
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
            exchanged = None if negatives is None else Exchanged(negatives[1], negatives[0].spans)
            contrast = span_contrast(
                *(clean, view, model.labels), temperature=self.temperature, project=auxiliary, exchanged=exchanged
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
        """Return the contrast of sentences with their views; with them stands the negative of each and its states."""

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
                raise RecipeError(
                    f"label_names.{label}: the task has no such label{nearest(label, labels)} "
                    f"(labels: {', '.join(labels)})"
                )
            if not name.strip():
                raise RecipeError(f"label_names.{label}: the name is empty; give what the encoder should read for it")
        return [given.get(label, name_of(label)) for label in labels]
