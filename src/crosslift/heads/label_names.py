"""A head whose classifier is made of label names, which the same encoder encodes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional

from crosslift.api.examples import TaskType
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from crosslift.encoder.pooling import masked_mean
from crosslift.heads.linear import HEAD_FILE, LinearHead

_SPELLED = {"per": "person", "loc": "location", "org": "organization"}
_PARTS = {"B": "beginning of", "I": "inside of"}


class LabelNames(LinearHead):
    """A head that scores a label by the cosine of a state and the encoded label name, and by a linear layer if wanted.

    The names are encoded in every pass, so gradients flow through them too.

    Args:
        encoder: its model becomes a part of the head.
        task_type: "sentence", "pair", "tagging" or "intent_slot".
        labels: labels of the task, (labels,).
        names: text that the encoder reads for each label, (labels,).
        temperature: divides the cosines.
        linear: whether to add the scores of a linear layer.
        generator: draws the weights of the linear layer.
    """

    def __init__(
        self,
        encoder: Encoder,
        task_type: TaskType,
        labels: tuple[str, ...],
        *,
        names: Sequence[str],
        temperature: float,
        linear: bool,
        generator: torch.Generator,
    ) -> None:
        super().__init__(encoder.model, task_type, labels, generator=generator)
        self.names, self.temperature, self.linear = tuple(names), temperature, linear
        self._encoder = [encoder]  # in a list, since only `model` is a part of this
        codes = encoder.languages or ()
        language = "en" if "en" in codes else next(iter(codes), None)
        self._read = encoder.collate(encoder.tokenize(names, language=language))

    @property
    def encoder(self) -> Encoder:
        """The encoder of texts and names."""
        return self._encoder[0]

    def forward(self, states: Tensor, inputs: Inputs) -> Tensor:
        """Return the logits, (batch, labels) or (batch, length, labels) as `TaskModel.logits` says.

        Args:
            states: (batch, length, hidden), last states of the encoder.
            inputs: (batch, length) fields, which the states were computed from.
        """
        vectors = states if self.task_type in ("tagging", "intent_slot") else masked_mean(states, inputs.mask.bool())
        near = functional.linear(functional.normalize(vectors, dim=-1), functional.normalize(self.encoded(), dim=-1))
        scores = near.float() / self.temperature
        return scores + super().forward(states, inputs) if self.linear else scores

    def encoded(self) -> Tensor:
        """Return the mean state of each label name's tokens without the special ones, (labels, hidden)."""
        read = self._read.to(self.encoder.device)
        return self.encoder.pool(self.encoder.encode(read), read, "mean_no_special")

    def description(self) -> dict[str, Any]:
        """Return the settings that `load_named` needs in addition to the weights."""
        named = {"names": self.names, "temperature": self.temperature, "linear": self.linear}
        return {**super().description(), **named}

    @classmethod
    def load_named(cls, encoder: Encoder, directory: str | Path) -> Self:
        """Load a saved head for `encoder`.

        Raises:
            CheckpointError: the weights are missing or do not fit the labels.
        """
        described = json.loads((Path(directory) / HEAD_FILE).read_text(encoding="utf-8"))
        settings = {key: described[key] for key in ("names", "temperature", "linear")}
        task_type, labels = described["task_type"], tuple(described["labels"])
        head = cls(encoder, task_type, labels, **settings, generator=torch.Generator())
        head.load_weights(directory)
        return head


def has_names(directory: str | Path) -> bool:
    """Return whether a head that crosslift saved has label names."""
    return "names" in json.loads((Path(directory) / HEAD_FILE).read_text(encoding="utf-8"))


def name_of(label: str) -> str:
    """Return a label written out as words.

    >>> name_of("alarm/set_alarm"), name_of("B-toloc.city_name"), name_of("I-PER"), name_of("O")
    ('alarm set alarm', 'beginning of toloc city name', 'inside of person', 'other')
    """
    if label == "O":
        return "other"
    part, _, rest = label.partition("-")
    said = [_PARTS[part]] if part in _PARTS and rest else []
    words = re.split(r"[\W_]+", rest if said else label)
    return " ".join([*said, *(_SPELLED.get(word.lower(), word) for word in words if word)])
