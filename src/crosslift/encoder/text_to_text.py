"""Whole text-to-text models (T5, Flan-T5, mT5, uMT5), with the decoder that the `Encoder` leaves out."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

from crosslift.compat import AutoModelForSeq2SeqLM, AutoModelForTextEncoding, PreTrainedModel
from crosslift.encoder import loading
from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError


def is_text_to_text(encoder: Encoder) -> bool:
    """Return whether an encoder is half of a text-to-text model."""
    return encoder.family.is_text_to_text


def load_whole(name: str, revision: str | None = None) -> tuple[Any, bool]:
    """Return the encoder-decoder of a checkpoint, and whether the checkpoint has a decoder or it is a new one.

    Raises:
        CheckpointError: it cannot be loaded, or does not match its configuration.
    """
    loaded = loading.from_pretrained(AutoModelForSeq2SeqLM, name, revision=revision)
    has_decoder = not any(key.startswith(("decoder.block.", "lm_head.")) for key in loaded.lacks)
    if has_decoder:
        loading.check_weights(loaded, name)
    return loaded.model, has_decoder


def whole_of(encoder: Encoder) -> Any:
    """Return a new encoder-decoder: the encoder's current weights, and the decoder of its checkpoint.

    Embeddings that decoder and output share with the encoder are the encoder's.

    Raises:
        CheckpointError: another family, a checkpoint without a decoder, or one that does not fit the encoder.
    """
    if not is_text_to_text(encoder):
        raise CheckpointError(
            f"{encoder.name} ({encoder.family.name}) has no decoder, which label words are written by; use a whole "
            "T5, Flan-T5, mT5 or uMT5 checkpoint, or another fine-tuning method"
        )
    name, revision = encoder.origin
    whole, has_decoder = load_whole(name, revision)
    if not has_decoder:
        raise CheckpointError(
            f"{name}: the checkpoint holds only the encoder half, but label words are written by the decoder; use the "
            "whole T5, Flan-T5, mT5 or uMT5 checkpoint that it came from, or another fine-tuning method"
        )
    try:
        whole.load_state_dict(encoder.state(), strict=False)
    except RuntimeError as error:
        raise CheckpointError(
            f"{name}: the decoder does not fit the encoder: {' '.join(str(error).split())}"
        ) from error
    return whole.to(encoder.device).eval()


def encoder_half(whole: Any) -> PreTrainedModel:
    """Return the encoder half of an encoder-decoder as a separate model that shares its weights."""
    with torch.device("meta"):  # every part of it is replaced
        half: Any = AutoModelForTextEncoding.from_config(copy.deepcopy(whole.config))  # type: ignore[no-untyped-call]
    half.shared, half.encoder = whole.shared, whole.encoder
    return half.eval()  # type: ignore[no-any-return]


def shifted(ids: Tensor, pad_id: int) -> Tensor:
    """Return the decoder's input (batch, length) for writing `ids` (batch, length): every T5 starts from padding."""
    return torch.cat([torch.full_like(ids[:, :1], pad_id), ids[:, :-1]], dim=1)
