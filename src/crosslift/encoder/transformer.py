"""The Transformer: the weights of a model of any family, and its passes from word embeddings to states."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from crosslift.compat import PreTrainedModel
from crosslift.encoder.family import family_of, with_masked_head
from crosslift.encoder.inputs import Inputs
from crosslift.encoder.pooling import pool
from crosslift.errors import CheckpointError


class Transformer:
    """A transformer of any family.

    Every pass starts from word embeddings, so a method that perturbs or mixes them takes the same path as one that
    does not: ``encode(inputs)`` is ``encode(inputs, embed(inputs.ids))``.

    Args:
        model: the model, with its masked-LM head if it has one, or with a task's head.
        pooler: a pre-trained pooler, kept for task heads that start from one; not part of any pass here.
        masked_head: whether `model` has a trained masked-LM head.
        name: its name in messages.
    """

    def __init__(self, model: PreTrainedModel, *, pooler: nn.Module | None, masked_head: bool, name: str) -> None:
        config: Any = model.config
        self.model = model
        self.pooler = pooler
        self.name = name
        self.family = family_of(config, where=name)
        """In what it differs from other transformers."""
        self.rows: Tensor | None = None
        """(vocabulary,): the embedding row of each token id while the vocabulary is trimmed."""
        self._masked_head = masked_head
        self._segmented = self.family.has_segments(config)

    @property
    def base(self) -> PreTrainedModel:
        """The bare transformer."""
        return self.model.base_model  # type: ignore[return-value]

    @property
    def hidden_size(self) -> int:
        """Width of the hidden states."""
        return int(self._config.hidden_size)

    @property
    def embedding_size(self) -> int:
        """Width of the word embeddings: less than that of the states in some DeBERTas."""
        return int(self._embedding.weight.shape[1])

    @property
    def layers(self) -> int:
        """Number of transformer layers."""
        return int(self._config.num_hidden_layers)

    @property
    def vocabulary_size(self) -> int:
        """Number of rows of the embedding matrix; may exceed the tokenizer's vocabulary."""
        return int(self._embedding.weight.shape[0])

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return cast("torch.device", self._embedding.weight.device)

    @property
    def has_masked_language_model(self) -> bool:
        """Whether there is a trained masked-LM head."""
        return self._masked_head

    def embed(self, ids: Tensor) -> Tensor:
        """Return word embeddings, scaled where the family scales them, before positions are added.

        Args:
            ids: (batch, length).

        Returns:
            (batch, length, embedding): `embedding_size` wide.
        """
        return self._embedding(ids if self.rows is None else self.rows[ids])  # type: ignore[no-any-return]

    def arguments(self, inputs: Inputs, embeddings: Tensor | None = None) -> dict[str, Tensor]:
        """Return the arguments of the model's forward pass.

        Args:
            inputs: (batch, length) fields, on the model's device.
            embeddings: (batch, length, embedding), instead of `embed(inputs.ids)`.
        """
        arguments = {
            "inputs_embeds": self.embed(inputs.ids) if embeddings is None else embeddings,
            "attention_mask": inputs.mask,
        }
        if inputs.segments is not None and self._segmented:
            arguments["token_type_ids"] = inputs.segments
        if inputs.languages is not None:
            arguments["langs"] = inputs.languages
        return arguments

    def hidden_states(self, inputs: Inputs, embeddings: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return the states before the first layer and after each layer.

        Args:
            inputs: (batch, length) fields, on the model's device.
            embeddings: (batch, length, embedding), instead of `embed(inputs.ids)`.

        Returns:
            `layers` + 1 tensors (batch, length, hidden).
        """
        output = self.base(**self.arguments(inputs, embeddings), output_hidden_states=True)
        return tuple(output.hidden_states)

    def encode(self, inputs: Inputs, embeddings: Tensor | None = None) -> Tensor:
        """Return the last layer's states, (batch, length, hidden)."""
        output = self.base(**self.arguments(inputs, embeddings))
        return output.last_hidden_state  # type: ignore[no-any-return]

    @contextmanager
    def last_states(self, shift: Tensor | None = None) -> Iterator[list[Tensor]]:
        """Yield a list to which each pass in the block appends its last states, (batch, length, hidden).

        Args:
            shift: (batch, length, hidden), added to the states of the first pass.
        """
        seen: list[Tensor] = []

        def watch(_module: nn.Module, _arguments: Any, output: Any) -> None:
            if shift is not None and not seen:
                output.last_hidden_state = output.last_hidden_state + shift
            seen.append(output.last_hidden_state)

        base: Any = self.base
        handle = (base.encoder if getattr(base, "pooler", None) else base).register_forward_hook(watch)
        try:
            yield seen
        finally:
            handle.remove()

    def masked_logits(self, states: Tensor, positions: Tensor) -> Tensor:
        """Return the masked-LM head's logits at chosen positions, computing no others.

        Args:
            states: last layer's states, (batch, length, hidden).
            positions: (batch, length), bool.

        Returns:
            (chosen, vocabulary), positions in row-major order.

        Raises:
            CheckpointError: there is no trained masked-LM head.
        """
        head = self.family.masked_head
        if head is None or not self._masked_head:
            raise CheckpointError(
                f"{self.name} has no masked-LM head, which masked language modelling and TLM need; use sentence or "
                f"word alignment objectives with it, or a checkpoint with such a head of one of the families "
                f"{', '.join(with_masked_head())}"
            )
        return head(self.model, states[positions])

    def pool(self, states: Tensor, inputs: Inputs, how: str = "mean") -> Tensor:
        """Return one vector per text.

        Args:
            states: (batch, length, hidden).
            inputs: the inputs that the states belong to.
            how: "mean", "mean_no_special" or "first" (see `encoder.pooling`).

        Returns:
            (batch, hidden).
        """
        return pool(states, inputs, how)

    def state(self) -> dict[str, Tensor]:
        """Return the weights by their names in a checkpoint, with the pooler's; each is (rows, ...)."""
        weights = dict(self.model.state_dict())
        prefix = "" if self.base is self.model else f"{self.model.base_model_prefix}."
        if self.pooler is not None:
            weights |= {f"{prefix}pooler.{name}": value for name, value in self.pooler.state_dict().items()}
        return weights

    def parameters(self) -> Iterator[nn.Parameter]:
        """The model's parameters."""
        return self.model.parameters()

    def train(self) -> Self:
        """Turn dropout on."""
        self.model.train()
        return self

    def eval(self) -> Self:
        """Turn dropout off."""
        self.model.train(mode=False)
        return self

    def to(self, device: torch.device | str) -> Self:
        """Move the weights."""
        self.model.to(device)  # type: ignore[arg-type]
        if self.pooler is not None:
            self.pooler.to(device)
        return self

    @property
    def _config(self) -> Any:
        return self.model.config

    @property
    def _embedding(self) -> Any:
        return self.base.get_input_embeddings()
