"""Span corruption: the counterpart of masked language modelling for text-to-text encoders.

Spans of tokens are replaced by sentinels, and a decoder generates the spans, each after its sentinel.  `Encoder` holds
only the encoder half of a T5 model, so the decoder is part of the objective: the checkpoint's own, which is trained too
and dropped after the stage.
Source: Raffel et al. 2020, arXiv 1910.10683, section 3.1.4 and `random_spans_noise_mask` of the published code.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from crosslift.compat import BaseModelOutput
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs, Tokens
from crosslift.encoder.text_to_text import load_whole, shifted
from crosslift.errors import CheckpointError
from crosslift.train.batch import Batch

log = logging.getLogger(__name__)

_SENTINELS = 100
"""The number of sentinels of T5 and mT5."""


@dataclass(frozen=True)
class SpanBatch(Batch):
    """Corrupted inputs, and the decoder's targets: sentinel, span, sentinel, span, ..., end."""

    inputs: Inputs
    outputs: Inputs


class SpanDecoder(nn.Module):
    """The decoder half of a T5 checkpoint; input and tied output embeddings are the encoder's."""

    def __init__(self, whole: Any) -> None:
        super().__init__()
        whole.encoder = None
        # A placeholder for the embedding matrix of the encoder, so that it is not copied, trained twice or saved.
        shared = whole.shared.weight
        placeholder = nn.Parameter(shared.new_empty(0), requires_grad=False)
        for part in whole.modules():
            if getattr(part, "weight", None) is shared:
                part.weight = placeholder
        self.whole = whole

    @classmethod
    def of(cls, encoder: Encoder) -> SpanDecoder:
        """Return the decoder of the checkpoint that an encoder was loaded from, or a new one if that has none.

        Raises:
            CheckpointError: the checkpoint no longer exists.
        """
        whole, has_decoder = load_whole(encoder.name)
        if not has_decoder:
            log.warning("%s: the checkpoint has no decoder; span corruption trains a new one", encoder.name)
        return cls(whole)

    def forward(self, encoder: Encoder, states: Tensor, mask: Tensor, outputs: Inputs) -> Tensor:
        """Return the logits of the real tokens of `outputs`, (tokens, vocabulary), each given the earlier tokens.

        Args:
            encoder: the encoder, for its word embeddings.
            states: (batch, length, hidden), its last states.
            mask: (batch, length), the attention mask of its inputs.
            outputs: the tokens to generate.
        """
        result = functional_call(
            self.whole,
            {"shared.weight": encoder.base.get_input_embeddings().weight},  # type: ignore[dict-item]
            kwargs={
                "encoder_outputs": BaseModelOutput(states),
                "attention_mask": mask,
                "decoder_input_ids": shifted(outputs.ids, encoder.pad_id),
                "use_cache": False,
            },
        )
        return result.logits[outputs.mask.bool()]  # type: ignore[no-any-return]


def corrupt(
    encoder: Encoder, rows: Sequence[Tokens], probability: float, mean_length: float, generator: torch.Generator
) -> tuple[list[Tokens], SpanBatch]:
    """Replace spans by sentinels.

    Args:
        encoder: a text-to-text encoder.
        rows: texts or joined pairs.
        probability: share of tokens to replace.
        mean_length: mean number of tokens per span.
        generator: the only source of randomness.

    Returns:
        The corrupted rows, in which words that lost a subword are no longer marked as words, and their batch.

    Raises:
        CheckpointError: the tokenizer has no sentinels.
    """
    sentinels = _sentinels(encoder)
    corrupted, targets = [], []
    for tokens in rows:
        ordinary = [place for place, special in enumerate(tokens.special) if not special]
        noise = noise_mask(len(ordinary), probability, mean_length, len(sentinels), generator)
        spans = _spans([place for place, hidden in zip(ordinary, noise, strict=True) if hidden])[: len(sentinels)]
        corrupted.append(_with_sentinels(tokens, spans, sentinels))
        target = [
            (sentinel, *tokens.ids[start:stop]) for sentinel, (start, stop) in zip(sentinels, spans, strict=False)
        ]
        targets.append(_plain((*chain.from_iterable(target), encoder.tokenizer.eos_token_id)))
    return corrupted, SpanBatch(encoder.collate(corrupted), encoder.collate(targets))


def noise_mask(
    length: int, probability: float, mean_length: float, most: int, generator: torch.Generator
) -> list[bool]:
    """Return which of `length` tokens are hidden, (length,): kept and hidden spans in turn, beginning with a kept one.

    About ``length * probability`` tokens in spans of `mean_length` tokens on average, and at most `most` spans.  Of two
    or more tokens, at least one is hidden and at least one is kept.
    """
    hidden = min(max(round(length * probability), 1), length - 1)
    if hidden < 1:
        return [False] * length
    spans = min(max(round(hidden / mean_length), 1), length - hidden, most)
    stay, hide = (_cut(total, spans, generator) for total in (length - hidden, hidden))
    turns = ([False] * kept + [True] * lost for kept, lost in zip(stay, hide, strict=True))
    return list(chain.from_iterable(turns))


def _cut(total: int, parts: int, generator: torch.Generator) -> list[int]:
    """Return `parts` positive numbers that sum to `total`; all such lists are equally likely."""
    cuts = (torch.randperm(total - 1, generator=generator)[: parts - 1] + 1).sort().values.tolist()
    return [stop - start for start, stop in zip([0, *cuts], [*cuts, total], strict=True)]


def _spans(places: Sequence[int]) -> list[tuple[int, int]]:
    """Return the runs of consecutive positions; a special token between two positions separates spans."""
    spans: list[tuple[int, int]] = []
    for place in places:
        if spans and spans[-1][1] == place:
            spans[-1] = spans[-1][0], place + 1
        else:
            spans.append((place, place + 1))
    return spans


def _with_sentinels(tokens: Tokens, spans: Sequence[tuple[int, int]], sentinels: Sequence[int]) -> Tokens:
    lost = {place for start, stop in spans for place in range(start, stop)}
    heads = {start: sentinel for (start, _), sentinel in zip(spans, sentinels, strict=False)}
    kept = [place for place in range(len(tokens)) if place in heads or place not in lost]
    words = None
    if tokens.words is not None:
        broken = {(tokens.words[place], tokens.segments[place]) for place in lost}
        whole = [(tokens.words[place], tokens.segments[place]) not in broken for place in kept]
        words = tuple(tokens.words[place] if fine else -1 for place, fine in zip(kept, whole, strict=True))
    return Tokens(
        ids=tuple(heads.get(place, tokens.ids[place]) for place in kept),
        special=tuple(place in heads or tokens.special[place] for place in kept),
        segments=tuple(tokens.segments[place] for place in kept),
        words=words,
        language=tokens.language,
        second_language=tokens.second_language,
    )


def _plain(ids: tuple[int, ...]) -> Tokens:
    return Tokens(ids, special=(False,) * len(ids), segments=(0,) * len(ids))


def _sentinels(encoder: Encoder) -> list[int]:
    """Return the ids of the sentinels in order; those of mT5 are sentencepiece tokens with a word mark."""
    tokenizer: Any = encoder.tokenizer
    ids = []
    for number in range(_SENTINELS):
        found = (tokenizer.convert_tokens_to_ids(f"{mark}<extra_id_{number}>") for mark in ("", "▁"))
        known = [token for token in found if token is not None and token != tokenizer.unk_token_id]
        if not known:
            break
        ids.append(known[0])
    if not ids:
        raise CheckpointError(
            f"{encoder.name}: the tokenizer has no sentinel <extra_id_0>, which span corruption needs to mark hidden "
            "spans; use sentence or word alignment objectives instead"
        )
    return ids
