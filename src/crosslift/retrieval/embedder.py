"""How a text becomes a vector when tasks are scored without a head: the benchmark's way, or another one by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from crosslift.api.examples import TaskType
from crosslift.encoder.batching import by_length
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from crosslift.encoder.pooling import trained_pooling
from crosslift.encoder.published_pooling import NativePooling
from crosslift.errors import CheckpointError, InputError, unknown

Pooling = Literal["benchmark", "native", "pooler", "mean", "mean_no_special", "first"]


POOLINGS = ("benchmark", "native", "pooler", "mean", "mean_no_special", "first")
"""The benchmark's rule; what a sentence encoder's files say; its pooler; or pooled states of the last layer."""


_CHUNK = 65_536
"""Texts that are tokenised at a time."""


@dataclass(frozen=True)
class Embedder:
    """An encoder, and how its states are pooled."""

    encoder: Encoder
    layer: int = -1
    pooling: str = "mean"
    project: Callable[[Tensor], Tensor] | None = None

    def __call__(
        self, texts: Sequence[str], *, language: str, max_length: int = 512, seconds: Sequence[str] | None = None
    ) -> NDArray[np.float32]:
        """Return (texts, hidden): L2-normalised vectors.

        Args:
            texts: what vectors are of.
            language: of all texts.
            max_length: tokens an input is cut to.
            seconds: texts that are read after these, as the second ones of pairs.
        """
        parts = []
        for start in range(0, max(1, len(texts)), _CHUNK):
            here = slice(start, start + _CHUNK)
            vectors = sentence_vectors(
                self.encoder,
                texts[here],
                seconds=None if seconds is None else seconds[here],
                language=language,
                layer=self.layer,
                pooling=self.pooling,
                project=self.project,
                max_length=max_length,
            )
            parts.append(vectors)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def embedder(encoder: Encoder, task_type: TaskType, pooling: str = "benchmark") -> Embedder:
    """Return how an encoder's vectors are made for tasks of a form.

    "benchmark" is XTREME's rule: for "retrieval" and "ranking" the mean, special tokens included, of the states of
    `retrieval_layer`; for "mining" the first token's state of `mining_layer` (Hu et al. 2020, arXiv 2003.11080,
    released scripts).  A dual encoder's vectors are those that were trained, for "ranking" (XTREME-R's rule).

    Raises:
        InputError: there is no such pooling.
        CheckpointError: "native", and the checkpoint does not say how it pools.
    """
    if pooling not in POOLINGS:
        raise InputError(unknown("pooling", pooling, POOLINGS))
    if pooling == "native":
        own = NativePooling.load(*encoder.origin)
        return Embedder(encoder, pooling=own.pooling, project=own.project)
    if pooling != "benchmark":
        return Embedder(encoder, pooling=pooling)
    if task_type == "ranking" and (trained := trained_pooling(encoder.base.config)):
        return Embedder(encoder, pooling=trained)
    if task_type == "mining":
        return Embedder(encoder, mining_layer(encoder.layers), "first")
    return Embedder(encoder, retrieval_layer(encoder.layers), "mean")


def retrieval_layer(layers: int) -> int:
    """Return the hidden state XTREME pools for Tatoeba, 0 being the embeddings.

    Index 7 of the last 12 states for 12 layers and 13 of the last 24 for 24, so 8 and 14; other depths, which XTREME
    does not name, take two thirds.

    >>> [retrieval_layer(layers) for layers in (4, 12, 24)]
    [3, 8, 14]
    """
    return {12: 8, 24: 14}.get(layers, round(layers * 2 / 3))


def mining_layer(layers: int) -> int:
    """Return the hidden state XTREME takes for BUCC: index 7 of the last 12 or 24, so 8 for both; else two thirds.

    >>> [mining_layer(layers) for layers in (4, 12, 24)]
    [3, 8, 8]
    """
    return {12: 8, 24: 8}.get(layers, round(layers * 2 / 3))


def sentence_vectors(
    encoder: Encoder,
    texts: Sequence[str],
    *,
    seconds: Sequence[str] | None = None,
    language: str,
    layer: int = -1,
    pooling: str = "mean",
    project: Callable[[Tensor], Tensor] | None = None,
    max_length: int = 128,
    batch_tokens: int | None = None,
) -> NDArray[np.float32]:
    """Return (texts, hidden): L2-normalised pooled states of a layer, in the order of the texts.

    Args:
        encoder: put into evaluation mode.
        texts: what vectors are of.
        seconds: texts that are read after these, as the second ones of pairs.
        language: for encoders that embed it.
        layer: 0 is the embeddings, -1 the last layer.
        pooling: as for `Encoder.pool`, or "pooler", the checkpoint's own pre-trained one.
        project: applied to pooled states (batch, hidden) before they are normalised.
        max_length: tokens an input is cut to.
        batch_tokens: padded tokens a batch; None suits the device.

    Raises:
        CheckpointError: there is no pooler.
    """
    if pooling == "pooler" and encoder.pooler is None:
        raise CheckpointError(
            f"{encoder.name}: the checkpoint has no pooler; pool its states: mean, mean_words or first"
        )

    def pooled(inputs: Inputs) -> Tensor:
        states = encoder.encode(inputs) if layer == -1 else encoder.hidden_states(inputs)[layer]
        own = encoder.pooler if pooling == "pooler" else None
        rows = encoder.pool(states, inputs, pooling) if own is None else own(states)
        return functional.normalize((rows if project is None else project(rows)).float(), dim=-1)

    limit = min(max_length, encoder.max_length)
    tokens = encoder.tokenize(texts, seconds, max_length=limit, language=language)
    vectors: NDArray[np.float32] = torch.cat(by_length(encoder, tokens, pooled, batch_tokens)).numpy()
    return vectors
