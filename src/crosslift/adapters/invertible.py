"""Invertible adapters: a language-specific map of the shared word embeddings, undone before words are predicted.

Additive coupling: a vector's halves (a, b) become a' = a + F(b) and b' = b + G(a'), which b = b' - G(a'), a = a' - F(b)
undoes exactly.  Word embeddings are mapped before they enter the transformer; in masked language modelling the vectors
that are compared with the (tied) word embeddings go through the inverse first.
Papers: NICE: Dinh et al. 2015, arXiv 1410.8516; MAD-X: Pfeiffer et al. 2020, arXiv 2005.00052, section 3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from crosslift.encoder.encoder import Encoder

_REDUCTION = 2
"""How many times narrower the inside of F and G is than a half, as published."""
_DEVIATION = 0.02


class Half(nn.Module):
    """F or G: a small network from one half to the other; zero at first, so that nothing changes.

    Args:
        given: width of its input.
        size: width of its inside.
        wanted: width of its output.
        generator: draws the first layer.
    """

    def __init__(self, given: int, size: int, wanted: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(given, size), nn.Linear(size, wanted)
        with torch.no_grad():
            self.down.weight.normal_(std=_DEVIATION, generator=generator)
            for zero in (self.down.bias, self.up.weight, self.up.bias):
                zero.zero_()

    def forward(self, half: Tensor) -> Tensor:
        """Return the update (..., wanted) of the other half, from one half (..., given)."""
        return self.up(functional.relu(self.down(half)))  # type: ignore[no-any-return]


class InvertibleAdapter(nn.Module):
    """An invertible map of vectors.

    Args:
        width: width of the vectors, at least 2.
        generator: draws the weights that do not start at zero.
    """

    def __init__(self, width: int, *, generator: torch.Generator) -> None:
        super().__init__()
        first, second = width // 2, width - width // 2
        self._widths = [first, second]
        self.first = Half(second, max(1, second // _REDUCTION), first, generator=generator)
        self.second = Half(first, max(1, first // _REDUCTION), second, generator=generator)

    def forward(self, vectors: Tensor) -> Tensor:
        """Return the images (..., width) of vectors (..., width)."""
        first, second = torch.split(vectors, self._widths, dim=-1)
        first = first + self.first(second)
        return torch.cat((first, second + self.second(first)), dim=-1)

    def inverse(self, vectors: Tensor) -> Tensor:
        """Return the vectors (..., width) whose images are `vectors` (..., width)."""
        first, second = torch.split(vectors, self._widths, dim=-1)
        second = second - self.second(first)
        return torch.cat((first - self.first(second), second), dim=-1)

    @classmethod
    def holding(cls, weights: Mapping[str, Tensor]) -> Self:
        """Return the map with these weights, named as in its `state_dict`: those of `up` are (wanted, size)."""
        made = cls(len(weights["first.up.bias"]) + len(weights["second.up.bias"]), generator=torch.Generator())
        made.load_state_dict(dict(weights))
        return made


def insert_invertible_adapters(encoder: Encoder, active: Callable[[], Sequence[InvertibleAdapter]]) -> list[Any]:
    """Map word embeddings, and apply the inverse to the vectors that are compared with them.

    Args:
        encoder: its modules get hooks; no weight and no name of a weight changes.
        active: returns the maps, in the order in which they are applied.

    Returns:
        Handles with `remove`.
    """

    def enter(_module: nn.Module, _arguments: Any, embedded: Tensor) -> Tensor:
        for invertible_adapter in active():
            embedded = invertible_adapter(embedded)
        return embedded

    def leave(states: Tensor) -> Tensor:
        for invertible_adapter in reversed(active()):
            states = invertible_adapter.inverse(states)
        return states

    words: Any = encoder.base.get_input_embeddings()
    handles = [words.register_forward_hook(enter, prepend=True)]
    if encoder.has_masked_language_model:
        handles.append(_before_the_output(encoder, leave))
    return handles


def _before_the_output(encoder: Encoder, change: Callable[[Tensor], Tensor]) -> Any:
    """Have the masked-LM head compare changed states with the word embeddings."""
    norm = encoder.family.norm_of_masked_head(encoder.model)
    if norm is not None:
        return norm.register_forward_hook(lambda _module, _arguments, output: change(output))
    model: Any = encoder.model
    output = model.get_output_embeddings()
    return output.register_forward_pre_hook(lambda _module, arguments: (change(arguments[0]), *arguments[1:]))
