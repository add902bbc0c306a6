"""Text embeddings of embedding tasks: pooled by the benchmark's rule, or by another pooling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from crosslift.api.examples import TaskType
from crosslift.choices import Pooling, StatePooling
from crosslift.encoder.batching import by_length
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from crosslift.encoder.pooling import trained_pooling, unknown_pooling
from crosslift.encoder.published_pooling import PublishedPooling
from crosslift.errors import CheckpointError, InputError

_CHUNK = 65_536
"""Number of texts tokenized at a time."""


@dataclass(frozen=True)
class Embedder:
    """An encoder, and the pooling of its states."""

    encoder: Encoder
    layer: int = -1
    pooling: str = "mean"
    project: Callable[[Tensor], Tensor] | None = None

    def __call__(
        self, texts: Sequence[str], *, language: str, max_length: int = 512, seconds: Sequence[str] | None = None
    ) -> NDArray[np.float32]:
        """Return L2-normalized vectors.

        Args:
            texts: first or only texts.
            language: the language of all texts.
            max_length: maximum number of tokens of an input.
            seconds: the second texts, if inputs are pairs.

        Returns:
            (texts, hidden).
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
    """Return the embedder of an encoder for tasks of a type.

    "benchmark" is XTREME's rule: for "retrieval" and "ranking" the mean, special tokens included, of the states of
    `retrieval_layer`; for "mining" the first token's state of `mining_layer` (Hu et al. 2020, arXiv 2003.11080,
    released scripts).  For "ranking", a dual encoder has the pooling that it was trained with (XTREME-R's rule).

    Raises:
        InputError: there is no such pooling.
        CheckpointError: "native", and the checkpoint does not publish its pooling.
    """
    if pooling not in get_args(Pooling):
        raise InputError(unknown_pooling(pooling, get_args(Pooling)))
    if pooling == "native":
        published = PublishedPooling.load(*encoder.origin)
        return Embedder(encoder, pooling=published.pooling, project=published.project)
    if pooling != "benchmark":
        return Embedder(encoder, pooling=pooling)
    if task_type == "ranking" and (trained := trained_pooling(encoder.base.config)):
        return Embedder(encoder, pooling=trained)
    if task_type == "mining":
        return Embedder(encoder, mining_layer(encoder.layers), "first")
    return Embedder(encoder, retrieval_layer(encoder.layers), "mean")


def retrieval_layer(layers: int) -> int:
    """Return the index of the hidden state that XTREME pools for Tatoeba; 0 is the embeddings.

    It is index 7 of the last 12 states of 12 layers and 13 of the last 24 of 24, so 8 and 14.  XTREME does not name
    other depths, for which it is at two thirds.

    >>> [retrieval_layer(layers) for layers in (4, 12, 24)]
    [3, 8, 14]
    """
    return {12: 8, 24: 14}.get(layers, round(layers * 2 / 3))


def mining_layer(layers: int) -> int:
    """Return the index of the hidden state that XTREME takes for BUCC.

    It is index 7 of the last 12 or 24 states, so 8 for both; for other depths it is at two thirds.

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
    """Return L2-normalized pooled states of a layer, in the order of the texts.

    Args:
        encoder: is put into evaluation mode.
        texts: first or only texts.
        seconds: the second texts, if inputs are pairs.
        language: the language of all texts.
        layer: 0 is the embeddings, -1 the last layer.
        pooling: as for `Encoder.pool`, or "pooler", the checkpoint's pre-trained one.
        project: applied to pooled states (batch, hidden) before they are normalized.
        max_length: maximum number of tokens of an input.
        batch_tokens: number of padded tokens per batch; None suits the device.

    Returns:
        (texts, hidden).

    Raises:
        CheckpointError: there is no pooler.
    """
    if pooling == "pooler" and encoder.pooler is None:
        raise CheckpointError(
            f"{encoder.name}: the checkpoint has no pooler; pool its states: {', '.join(get_args(StatePooling))}"
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
