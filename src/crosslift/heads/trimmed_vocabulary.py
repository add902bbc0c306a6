"""An embedding matrix trimmed to the rows that the data uses, to train faster.

Multilingual vocabularies have 250,000 rows, of which a task's data in one language uses a few thousand.  The others
never get a gradient, so an optimizer without weight decay does not change them; yet clearing their gradients, their
norm and their moments are most of the memory traffic of a step.  Leaving them out changes only the cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from crosslift.encoder.encoder import Encoder


class TrimmedVocabulary:
    """An encoder's embedding matrix trimmed to some rows, until `restore`.

    Other tokens cannot be embedded meanwhile: they raise an IndexError.

    Args:
        encoder: its embedding must not be shared with an output layer.
        ids: token ids to keep; the padding token is always kept.
    """

    def __init__(self, encoder: Encoder, ids: Iterable[int]) -> None:
        parameter: Any = encoder.base.get_input_embeddings().weight
        self._encoder = encoder
        # T5 has the matrix under two names: its own and the encoder's
        self._owners: list[Any] = [
            part for part in encoder.model.modules() if getattr(part, "weight", None) is parameter
        ]
        self._full: Tensor = parameter.detach()
        self._rows = torch.tensor(sorted({*ids, encoder.pad_id}), device=encoder.device)
        places = torch.full((len(self._full),), len(self._full), device=encoder.device)
        places[self._rows] = torch.arange(len(self._rows), device=encoder.device)
        self._paddings = [owner.padding_idx for owner in self._owners]
        self._give(self._full[self._rows], [None if old is None else int(places[old]) for old in self._paddings])
        encoder.rows = places

    def restore(self) -> None:
        """Restore the whole matrix, with the trained rows."""
        self._give(self._whole(self._owners[0].weight.detach()), self._paddings)
        self._encoder.rows = None

    def _give(self, matrix: Tensor, paddings: Sequence[int | None]) -> None:
        parameter = nn.Parameter(matrix)
        for owner, padding in zip(self._owners, paddings, strict=True):
            owner.weight, owner.padding_idx = parameter, padding

    def whole(self, weights: Mapping[str, Tensor], module: nn.Module) -> dict[str, Tensor]:
        """Return weights of `module`, saved while its vocabulary was trimmed, with whole embedding matrices.

        Args:
            weights: weights of the module; the embedding matrix is (kept, embedding).
            module: has the encoder.

        Returns:
            The same weights, with the embedding matrix (vocabulary, embedding).
        """
        cut = self._owners[0].weight
        shared = {name for name, value in module.state_dict(keep_vars=True).items() if value is cut}
        return {name: self._whole(value) if name in shared else value for name, value in weights.items()}

    def _whole(self, rows: Tensor) -> Tensor:
        full = self._full.clone()
        full[self._rows] = rows
        return full
