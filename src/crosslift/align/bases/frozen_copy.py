"""A frozen copy of an encoder, to which a method anchors states or parameters."""

from __future__ import annotations

import copy
from typing import Self

import torch
from torch import Tensor, nn

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs


class Frozen(nn.Module):
    """A copy of the transformer of an encoder, without gradients, and without dropout even in training mode.

    Args:
        encoder: the encoder to copy, without its masked-LM head.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.model = copy.deepcopy(encoder.base)
        self._encoder = copy.copy(encoder)  # the same tokenizer and settings
        self._encoder.model = self.model
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode."""
        del mode
        return super().train(False)

    def encode(self, inputs: Inputs) -> Tensor:
        """Return the states of the last layer, (batch, length, hidden), without gradients."""
        with torch.no_grad():
            return self._encoder.encode(inputs)

    def distance(self, encoder: Encoder) -> Tensor:
        """Return the Euclidean distance of the encoder's parameters from the frozen ones, a scalar.

        Its gradient has norm 1, or 0 as long as nothing has moved.
        """
        pairs = zip(encoder.base.parameters(), self.model.parameters(), strict=True)
        # Norms, since torch defines the gradient of the norm of zero as zero, unlike that of a square root.
        norms = torch.stack([torch.linalg.vector_norm(now - then) for now, then in pairs])
        distance: Tensor = torch.linalg.vector_norm(norms)
        return distance
