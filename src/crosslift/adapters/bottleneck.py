"""Bottleneck adapters: a small network behind the feed-forward of each layer, while the transformer stays as it is.

``z <- z + U relu(D h)``, with z what the layer has summed up so far and h the state that the next layer would see: the
normalised z where a family normalises after the feed-forward (BERT, XLM-R, XLM, DeBERTa), z itself where it normalises
before (ModernBERT, T5, M2M100).  U starts at zero, so that training starts from the plain model, bit for bit.  Several
adapters are a stack: each reads what the one below has made.
Papers: Houlsby et al. 2019, arXiv 1902.00751; one place a layer, as here: Pfeiffer et al. 2021, arXiv 2005.00247; a
language's below a task's (MAD-X): Pfeiffer et al. 2020, arXiv 2005.00052, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from crosslift.adapters.invertible import InvertibleAdapter, insert_invertible_adapters
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.layers import is_played_back, layers_of, states_of, with_states

_DEVIATION = 0.02
"""Of the weights of D, as in BERT."""
_NORM: dict[str, Callable[[Any], Any]] = {
    "bert": lambda layer: layer.output.LayerNorm,
    "roberta": lambda layer: layer.output.LayerNorm,
    "deberta": lambda layer: layer.output.LayerNorm,
}
"""The normalisation behind the feed-forward, in the families that have it there; XLM's are in a list of their own."""


class Bottleneck(nn.Module):
    """U relu(D h): what is added to a state; nothing at first.

    Args:
        width: of the states.
        size: of what is between.
        generator: draws D.
    """

    def __init__(self, width: int, size: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(width, size), nn.Linear(size, width)
        with torch.no_grad():
            self.down.weight.normal_(std=_DEVIATION, generator=generator)
            for zero in (self.down.bias, self.up.weight, self.up.bias):
                zero.zero_()

    def forward(self, states: Tensor) -> Tensor:
        """Return what is added, (batch, length, width), to states of this shape."""
        return self.up(functional.relu(self.down(states)))  # type: ignore[no-any-return]


class Bottlenecks(nn.Module):
    """One adapter: a bottleneck for each layer of an encoder, and perhaps a map of its word embeddings.

    Args:
        width: of the states.
        size: of each bottleneck.
        layers: how many.
        generator: draws the weights that do not start at zero.
        invertible_adapter: the map.
    """

    def __init__(
        self,
        width: int,
        size: int,
        *,
        layers: int,
        generator: torch.Generator,
        invertible_adapter: InvertibleAdapter | None = None,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Bottleneck(width, size, generator=generator) for _ in range(layers))
        self.invertible_adapter = invertible_adapter
        self.shape = (layers, width)
        """Layers, and the width of the states."""

    @classmethod
    def of(cls, encoder: Encoder, *, reduction: int, seed: int, invertible: bool = False) -> Self:
        """Return an adapter for an encoder, its bottlenecks `reduction` times narrower than the states."""
        generator = torch.Generator().manual_seed(seed)
        size = max(1, encoder.hidden_size // reduction)
        invertible_adapter = InvertibleAdapter(encoder.embedding_size, generator=generator) if invertible else None
        made = cls(
            encoder.hidden_size, size, layers=encoder.layers, generator=generator, invertible_adapter=invertible_adapter
        )
        return made.to(encoder.device)

    @classmethod
    def holding(cls, weights: Mapping[str, Tensor]) -> Self:
        """Return the adapter whose weights these are, as `state_dict` gives them."""
        size, width = weights["layers.0.down.weight"].shape
        layers = len([name for name in weights if name.endswith(".down.weight") and name.startswith("layers.")])
        mapped = {
            name.removeprefix("invertible_adapter."): value
            for name, value in weights.items()
            if "invertible_adapter." in name
        }
        invertible_adapter = InvertibleAdapter.holding(mapped) if mapped else None
        made = cls(width, size, layers=layers, generator=torch.Generator(), invertible_adapter=invertible_adapter)
        made.load_state_dict(dict(weights))
        return made


def insert(encoder: Encoder, active: Callable[[], Sequence[Bottlenecks]]) -> Callable[[], None]:
    """Have every pass through an encoder go through adapters too, until what is returned is called.

    Args:
        encoder: its modules get hooks; no weight and no name of a weight changes.
        active: says at each layer which adapters there are, the lowest first.
    """
    after, places = _places(encoder)
    # In front of other hooks, which are there to see what the layer returns.
    handles = [place.register_forward_hook(after(number, active), prepend=True) for number, place in enumerate(places)]
    handles += insert_invertible_adapters(
        encoder, lambda: [adapter.invertible_adapter for adapter in active() if adapter.invertible_adapter is not None]
    )

    def remove() -> None:
        for handle in handles:
            handle.remove()

    return remove


Hook = Callable[[nn.Module, Any, Any], Any]
Hooked = Callable[[int, Callable[[], Sequence[Bottlenecks]]], Hook]


def _places(encoder: Encoder) -> tuple[Hooked, list[nn.Module]]:
    """Return the hook that suits the family, and the module of each layer that it belongs to."""
    if encoder.family == "xlm":
        base: Any = encoder.base
        return _after_norm, list(base.layer_norm2)
    layers = layers_of(encoder)
    if encoder.family in _NORM:
        return _after_norm, [_NORM[encoder.family](layer) for layer in layers]
    return _after_layer, layers


def _after_norm(number: int, active: Callable[[], Sequence[Bottlenecks]]) -> Hook:
    def adapt(norm: nn.Module, arguments: Any, output: Tensor) -> Tensor:
        (total,) = arguments
        for adapter in active():
            total = total + adapter.layers[number](output)
            output = norm.forward(total)  # the method itself, for a call would come here again
        return output

    return adapt


def _after_layer(number: int, active: Callable[[], Sequence[Bottlenecks]]) -> Hook:
    def adapt(layer: nn.Module, _arguments: Any, output: Any) -> Any:
        if is_played_back(layer):
            return output
        states = states_of(output)
        for adapter in active():
            states = states + adapter.layers[number](states)
        return with_states(output, states)

    return adapt
