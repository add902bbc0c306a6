"""A frozen copy of an encoder: what a method anchors to, so that aligning does not undo what was learned before."""

from __future__ import annotations

import copy
from typing import Self

import torch
from torch import Tensor, nn

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs


class Frozen(nn.Module):
    """The transformer of an encoder as it is now, without gradients and without dropout, whatever `train` says.

    Args:
        encoder: is copied, without its masked-LM head.
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
        """Return the last layer's states, (batch, length, hidden), without gradients."""
        with torch.no_grad():
            return self._encoder.encode(inputs)

    def distance(self, encoder: Encoder) -> Tensor:
        """Return the Euclidean distance of the encoder's parameters from the frozen ones, a scalar.

        Its gradient has norm 1, and is 0 where nothing has moved yet.
        """
        pairs = zip(encoder.base.parameters(), self.model.parameters(), strict=True)
        # Of norms, because torch gives the norm of zero the gradient zero, which a square root would not.
        norms = torch.stack([torch.linalg.vector_norm(now - then) for now, then in pairs])
        distance: Tensor = torch.linalg.vector_norm(norms)
        return distance
