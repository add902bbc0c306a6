"""Label-aware multi-level contrast: labels are known by their names, and views are compared at several levels.

A reading of LAJ-MCL after its abstract and introduction; weights, temperatures and the cosines are our choice.  (a) The
same encoder reads the labels' names, and the cosine to a name is added to a linear head's logit, or replaces it.  (b)
InfoNCE between a sentence and its view, for utterances, slots and words.  The view is what other methods of the recipe
make, `code_switch` in the paper; with none it is the sentence under other dropout.  Slots and words are compared in
tagging, where tags tell where they are.  The paper's hard negatives (a slot's value exchanged) are not here.
Paper: Liang et al. 2022, arXiv 2205.03656 (LAJ-MCL); three levels also in Qin et al. 2022, arXiv 2204.08325 (GL-CLeF).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.heads import TaskModel
from crosslift.encoder.label_names import LabelNames, name_of
from crosslift.encoder.own_head import copied
from crosslift.encoder.pooling import Pooling
from crosslift.errors import RecipeError, nearest
from crosslift.finetune._batch import LabelledBatch, Pass
from crosslift.finetune._levels import span_contrast, word_contrast
from crosslift.finetune._method import FinetuneMethod
from crosslift.losses import info_nce
from crosslift.tasks._task import Kind
from crosslift.train.method import Terms


class LabelAwareJoint(FinetuneMethod):
    """Label names as classifier, and contrast of utterances, slots and words between sentences and their views.

    With ``label_semantics = "none"`` the head is the family's own, or another method's; else it is one of crosslift's,
    which transformers' pipeline does not know.  A level with weight 0 is left out.
    """

    splittable: ClassVar[bool] = False
    compares: ClassVar[bool] = True
    new_tokens: ClassVar[bool] = True
    kinds: ClassVar[tuple[str, ...]] = ("sentence", "pair", "tagging")
    reasons: ClassVar[Mapping[str, str]] = {"span": "positions of answers are no labels that examples could share"}
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
    pooling: Pooling = Field("mean", description="sentence vector: first token, or mean over tokens or over words")

    @property
    def makes_head(self) -> bool:  # type: ignore[override]  # a fact of the settings
        """Whether names are read."""
        return self.label_semantics != "none"

    @property
    def second_reading(self) -> bool:
        """Whether each sentence is read twice: unless no level counts."""
        return self.utterance_weight + self.slot_weight + self.word_weight > 0

    @property
    def view_weight(self) -> float:
        """Factor of cross-entropy on views."""
        return self.learn_views

    def head(self, encoder: Encoder, *, task: str, kind: Kind, labels: Sequence[str], seed: int) -> LabelNames | None:
        """Return the head that reads the labels' names.

        Raises:
            RecipeError: names for labels that the task has not, or an empty one.
        """
        del task
        if not self.makes_head:
            return None
        return LabelNames(
            copied(encoder),
            kind,
            tuple(labels),
            names=self._names(labels),
            temperature=self.label_temperature,
            linear=self.label_semantics == "add",
            generator=torch.Generator().manual_seed(seed),
        )

    def terms(self, model: TaskModel, clean: Pass, view: Pass | None, batch: LabelledBatch, extra: Any) -> Terms:
        """Return the contrast of each level."""
        del batch, extra
        if view is None:
            return {}
        levels = {"utterance": self.utterance_weight}
        if model.kind == "tagging":
            levels |= {"slot": self.slot_weight, "word": self.word_weight}
        return {name: weight * self._level(name, model, clean, view) for name, weight in levels.items() if weight}

    def _level(self, name: str, model: TaskModel, clean: Pass, view: Pass) -> torch.Tensor:
        if name == "slot":
            return span_contrast(clean, view, model.labels, temperature=self.temperature)
        if name == "word":
            return word_contrast(clean, view, temperature=self.temperature)
        first, second = (model.encoder.pool(done.output.states, done.inputs, self.pooling) for done in (clean, view))
        return info_nce(first, second, temperature=self.temperature, same_language_negatives=True)

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
