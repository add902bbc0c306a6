"""Synthetic adversaries: words of a sentence are translated where that raises the loss most.

Candidates come from cross-lingual word vectors with adjustable noise, to find how accurate a lexicon must be to replace
parallel text; their precision@1 is logged and stored as `candidates.precision` of the auxiliary module.  Controls:
`choice = "random"`, `noise = 0`, and `candidates = "lexicon"` for true translations.  Each step costs one additional
backward pass to the embeddings for every word replaced in its longest row, or `passes` of them.
Paper: our design; nearest are Qin et al. 2020, arXiv 2006.06402 (random words of a lexicon), Tan & Joty 2021, arXiv
2103.09593 (worst words, by beam search), and Ebrahimi et al. 2018, arXiv 1712.06751 (first-order choice of words).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from pydantic import Field, PrivateAttr
from torch import Tensor, nn
from torch.nn import functional

from crosslift.align.bases.masked import HiddenBatch, HiddenTokens, MaskedBatch, masked_loss, predictions
from crosslift.align.bases.span_corruption import SpanBatch, SpanDecoder, corrupt
from crosslift.augment.adversary import Adversary, AdversarySettings, Words, find_words
from crosslift.augment.candidates import Candidates, CandidateSettings, make_candidates
from crosslift.augment.words import WordCodec
from crosslift.data.lexicon import lexicon_files, open_lexicon
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs, Tokens
from crosslift.encoder.text_to_text import is_text_to_text
from crosslift.losses import jensen_shannon
from crosslift.train.batch import Batch
from crosslift.train.method import Terms


@dataclass(frozen=True)
class AdversarialBatch(Batch):
    """Masked tokens, and the words that may be replaced: the fields of `Words`, (batch, words, ...)."""

    inputs: Inputs
    outputs: Inputs | None
    spans: Tensor
    entries: Tensor
    languages: Tensor
    draws: Tensor

    @property
    def hidden(self) -> HiddenBatch:
        """The inputs with masked tokens, and what is to be predicted."""
        return MaskedBatch(self.inputs) if self.outputs is None else SpanBatch(self.inputs, self.outputs)

    @property
    def words(self) -> Words:
        """The words that may be replaced."""
        return Words(self.spans, self.entries, self.languages, self.draws)


class AdversaryParts(nn.Module):
    """The candidates, and the decoder of a text-to-text encoder."""

    def __init__(self, candidates: Candidates, decoder: SpanDecoder | None) -> None:
        super().__init__()
        self.candidates = candidates
        self.decoder = decoder


class SyntheticAdversarial(CandidateSettings, AdversarySettings, HiddenTokens):
    """Masked language modelling on sentences and on their worst code-switched views.

    Words to be predicted are never replaced.  At `replace_share` 0 the view is the sentence itself.  Needs a
    masked-language-model head; text-to-text encoders use span corruption instead.
    """

    input_type: ClassVar[Literal["text", "bitext", "task"]] = "text"
    requires: ClassVar[frozenset[str]] = frozenset({"words"})
    paper: ClassVar[str] = "our design, after Qin et al. 2020, arXiv 2006.06402"

    adversarial_weight: float = Field(1.0, ge=0, description="weight of the loss on the view (beta)")
    consistency_weight: float = Field(1.0, ge=0, description="weight of the divergence of the two predictions (gamma)")

    _written: WordCodec | None = PrivateAttr(None)

    def files(self) -> tuple[str, ...]:
        """Return the files of the lexicon, and those of text or vectors."""
        return (*lexicon_files(self.lexicon), *([self.path.replace("{language}", "*")] if self.path else []))

    def auxiliary_module(self, model: Encoder) -> AdversaryParts:
        """Return the candidates, found with the unchanged encoder, and the decoder of a text-to-text encoder."""
        decoder = SpanDecoder.of(model) if is_text_to_text(model) else None
        return AdversaryParts(make_candidates(self, model), decoder)

    def collate(self, model: Encoder, items: Sequence[Tokens], generator: torch.Generator) -> AdversarialBatch:
        """Mask tokens and find the words that may be replaced."""
        rows: Sequence[Tokens] = items
        hidden: HiddenBatch
        if is_text_to_text(model):
            rows, hidden = corrupt(model, items, self.mask_probability, self.span_length, generator)
        else:
            hidden = self.hide(model, items, generator)
        lexicon = open_lexicon(self.lexicon, self.languages)
        words = find_words(rows, self._subwords_of(model), lexicon, generator)
        entries = words.entries.masked_fill(_predicted(hidden.inputs, words), -1)
        outputs = hidden.outputs if isinstance(hidden, SpanBatch) else None
        return AdversarialBatch(hidden.inputs, outputs, words.spans, entries, words.languages, words.draws)

    def num_targets(self, batch: AdversarialBatch) -> int:  # type: ignore[override]  # a method knows its own batch
        """Return the number of tokens that are predicted."""
        return super().num_targets(batch.hidden)

    def loss(self, model: Encoder, batch: AdversarialBatch, auxiliary: AdversaryParts) -> Terms:  # type: ignore[override]
        """Return the losses on sentences and views and the divergence of their predictions, each a scalar."""

        def to_raise(inputs: Inputs, embeddings: Tensor) -> Tensor:
            return masked_loss(model, replace(batch.hidden, inputs=inputs), auxiliary.decoder, embeddings)

        view = Adversary(self, model, auxiliary.candidates).view(batch.inputs, batch.words, to_raise)
        clean, targets = predictions(model, batch.hidden, auxiliary.decoder)
        worse, _ = predictions(model, replace(batch.hidden, inputs=view), auxiliary.decoder)
        count = max(1, len(targets))
        losses = [functional.cross_entropy(side.float(), targets, reduction="sum") / count for side in (clean, worse)]
        return {
            "clean": losses[0],
            "adversarial": self.adversarial_weight * losses[1],
            "consistency": self.consistency_weight * jensen_shannon(clean, worse) / count,
        }

    def _subwords_of(self, model: Encoder) -> WordCodec:
        """Return the cached conversion between words and subwords of a model."""
        if self._written is None or self._written.encoder is not model:
            self._written = WordCodec(model)
        return self._written


def _predicted(inputs: Inputs, words: Words) -> Tensor:
    """Return which words have a token to predict, (batch, words) bool."""
    if inputs.targets is None:
        return torch.zeros_like(words.real)
    places = torch.arange(inputs.ids.shape[1], device=inputs.ids.device)
    inside = (places >= words.spans[..., :1]) & (places < words.spans[..., 1:])
    return (inside & (inputs.targets != IGNORED).unsqueeze(1)).any(dim=-1)
