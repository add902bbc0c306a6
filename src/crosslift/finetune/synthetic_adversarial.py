"""Synthetic adversaries: words of the training sentences are translated where that raises the loss most.

``CE(x) + beta CE(x') + gamma JS(p(x), p(x'))`` with x' the worst code-switched view of a sentence: words are replaced
by neighbours in cross-lingual word vectors with adjustable noise, chosen by the first-order increase of the task loss.
Controls: `choice = "random"`, `noise = 0`, and `candidates = "lexicon"` for true translations.  The alignment
objective of the same name does this with masked language modelling.
Paper: our design; nearest are Qin et al. 2020, arXiv 2006.06402, Tan & Joty 2021, arXiv 2103.09593, and Ebrahimi et al.
2018, arXiv 1712.06751.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from pydantic import Field, PrivateAttr
from torch import Tensor

from crosslift.augment.adversary import Adversary, AdversarySettings, Words, find_words
from crosslift.augment.candidates import Candidates, CandidateSettings, make_candidates
from crosslift.augment.words import WordCodec
from crosslift.data.lexicon import lexicon_files, open_lexicon
from crosslift.encoder.inputs import IGNORED, Inputs
from crosslift.finetune.bases.batch import LabelledBatch, ModelInput, Pass
from crosslift.finetune.bases.method import FinetuneMethod, Loss
from crosslift.heads.task_model import TaskModel
from crosslift.losses import jensen_shannon
from crosslift.train.batch import Batch
from crosslift.train.method import Terms
from crosslift.train.task_items import TaskItem


@dataclass(frozen=True)
class DrawnWords(Batch):
    """The words that may be replaced, see `crosslift.augment.adversary.Words`."""

    spans: Tensor
    entries: Tensor
    languages: Tensor
    draws: Tensor


class SyntheticAdversarial(CandidateSettings, AdversarySettings, FinetuneMethod):
    """The task on sentences and on their worst code-switched views.  Plain fine-tuning if both weights are 0."""

    perturbs: ClassVar[bool] = True
    compares: ClassVar[bool] = True
    new_tokens: ClassVar[bool] = True
    requires: ClassVar[frozenset[str]] = frozenset({"words"})
    task_types: ClassVar[tuple[str, ...]] = ("sentence", "pair", "tagging", "intent_slot")
    reasons: ClassVar[Mapping[str, str]] = {
        "extractive_qa": "words are replaced within a step, which would move the answer"
    }
    paper: ClassVar[str] = "our design, after Qin et al. 2020, arXiv 2006.06402"

    adversarial_weight: float = Field(1.0, ge=0, description="weight of the task loss on the view (beta)")
    consistency_weight: float = Field(1.0, ge=0, description="weight of the divergence of the two predictions (gamma)")

    _written: WordCodec | None = PrivateAttr(None)

    @property
    def active(self) -> bool:
        """Whether the view has a weight."""
        return bool(self.adversarial_weight or self.consistency_weight)

    @property
    def view_weight(self) -> float:
        """Factor of the task loss on views."""
        return self.adversarial_weight

    def files(self) -> tuple[str, ...]:
        """Return the files of the lexicon, and those of text or vectors."""
        return (*lexicon_files(self.lexicon), *([self.path.replace("{language}", "*")] if self.path else []))

    def auxiliary_module(self, model: TaskModel) -> Candidates | None:
        """Return the candidates, found with the encoder before fine-tuning."""
        return make_candidates(self, model.encoder) if self.active else None

    def draw(
        self, model: TaskModel, items: Sequence[TaskItem], inputs: Inputs, generator: torch.Generator
    ) -> DrawnWords | None:
        """Return the words that may be replaced."""
        del inputs
        if not self.active:
            return None
        if self._written is None or self._written.encoder is not model.encoder:
            self._written = WordCodec(model.encoder)
        lexicon = open_lexicon(self.lexicon, self.languages)
        return DrawnWords(*find_words([item.tokens for item in items], self._written, lexicon, generator))

    def perturb(
        self, model: TaskModel, model_input: ModelInput, drawn: Batch | None, loss: Loss, auxiliary: Any
    ) -> ModelInput:
        """Return the input with those words replaced that raise the task loss most."""
        if not self.active:
            return model_input
        assert isinstance(drawn, DrawnWords)
        words = Words(drawn.spans, drawn.entries, drawn.languages, drawn.draws)
        adversary = Adversary(self, model.encoder, auxiliary)
        return ModelInput(
            adversary.view(model_input.inputs, words, lambda inputs, embedded: loss(ModelInput(inputs, embedded)))
        )

    def terms(self, model: TaskModel, clean: Pass, view: Pass | None, batch: LabelledBatch, auxiliary: Any) -> Terms:
        """Return the divergence of the two predictions, a scalar."""
        del model, batch, auxiliary
        if view is None or not self.consistency_weight:
            return {}
        first, second = (each.output.logits[each.labels != IGNORED] for each in (clean, view))
        return {"adversarial_consistency": self.consistency_weight * jensen_shannon(first, second) / max(1, len(first))}
