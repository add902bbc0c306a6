"""The linear head for encoder halves that transformers has no head for (T5, M2M100)."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, Self

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from crosslift.api.examples import TaskType
from crosslift.compat import PreTrainedModel
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from crosslift.encoder.pooling import masked_mean
from crosslift.errors import CheckpointError

HEAD_FILE = "crosslift_head.json"
WEIGHTS_FILE = "crosslift_head.safetensors"
_DROPOUT = 0.1
_DEVIATION = 0.02
"""Standard deviation of the initial weights, as in BERT."""


def read_description(directory: str | Path) -> tuple[TaskType, tuple[str, ...]]:
    """Return the task type and the output names of a saved head."""
    described = json.loads((Path(directory) / HEAD_FILE).read_text(encoding="utf-8"))
    return described["task_type"], tuple(described["labels"])


class LinearHead(nn.Module):
    """A linear layer on each token's state, or for whole texts on the mean state of the tokens that are not padding.

    transformers' pipeline does not know it: use ``crosslift predict`` or `TaskModel.load`.

    Args:
        model: the encoder half, which becomes a part of the head.
        task_type: task type of the outputs.
        labels: names of the outputs, (labels,).
        generator: draws the weights.
    """

    def __init__(
        self, model: PreTrainedModel, task_type: TaskType, labels: tuple[str, ...], *, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.task_type = task_type
        self.labels = labels
        self.model = model
        width = int(model.config.hidden_size)
        self.dropout = nn.Dropout(_DROPOUT)
        self.classifier = nn.Linear(width, len(labels))
        with torch.no_grad():
            self.classifier.weight.normal_(std=_DEVIATION, generator=generator)
            self.classifier.bias.zero_()
        self.classifier.to(model.device)

    def forward(self, states: Tensor, inputs: Inputs) -> Tensor:
        """Return the logits, in the shape that `TaskModel.logits` states for the task type.

        Args:
            states: (batch, length, hidden), last states of the encoder.
            inputs: (batch, length) fields, which the states were computed from.
        """
        if self.task_type in ("tagging", "intent_slot", "extractive_qa"):
            return self.classifier(self.dropout(states))  # type: ignore[no-any-return]
        scores = self.classifier(self.dropout(masked_mean(states, inputs.mask.bool())))
        return scores.squeeze(-1) if self.task_type == "multiple_choice" else scores  # type: ignore[no-any-return]

    def save(self, directory: str | Path) -> None:
        """Write the head next to the encoder's checkpoint."""
        weights = {name: value.detach().contiguous() for name, value in self.classifier.state_dict().items()}
        save_file(weights, Path(directory) / WEIGHTS_FILE)
        described = json.dumps(self.description(), ensure_ascii=False, indent=2)
        (Path(directory) / HEAD_FILE).write_text(described + "\n", encoding="utf-8")

    def description(self) -> dict[str, Any]:
        """Return the settings that `load` needs in addition to the weights."""
        return {"task_type": self.task_type, "labels": self.labels}

    @classmethod
    def load(cls, model: PreTrainedModel, directory: str | Path) -> Self:
        """Load a saved head for `model`.

        Raises:
            CheckpointError: the weights are missing or do not fit the labels.
        """
        task_type, labels = read_description(directory)
        head = cls(model, task_type, labels, generator=torch.Generator())
        head.load_weights(directory)
        return head

    def load_weights(self, directory: str | Path) -> None:
        """Load the weights of a saved head.

        Raises:
            CheckpointError: they are missing or do not fit the labels.
        """
        path = Path(directory) / WEIGHTS_FILE
        if not path.is_file():
            raise CheckpointError(f"{directory}: {WEIGHTS_FILE}, the weights of the task head, is missing")
        weights = load_file(path, device=str(self.model.device))
        rows = weights["weight"].shape
        if rows != self.classifier.weight.shape:
            raise CheckpointError(
                f"{path}: the head's weights have the shape {tuple(rows)}, expected "
                f"{tuple(self.classifier.weight.shape)}: {HEAD_FILE} names {len(self.labels)} labels"
            )
        self.classifier.load_state_dict(weights)


def copied(encoder: Encoder) -> Encoder:
    """Return a copy of an encoder with its own weights."""
    return Encoder(copy.deepcopy(encoder.model), encoder.tokenizer, name=encoder.name)
