"""Bottleneck adapters: a small network after the feed-forward of each layer, in a transformer that is not trained.

``z <- z + U relu(D h)``, with z the layer's residual sum and h the state that the next layer would see: the normalized
z in families that normalize after the feed-forward (BERT, XLM-R, XLM, DeBERTa), z itself in families that normalize
before it (ModernBERT, T5, M2M100).  U starts at zero, so training starts from the plain model, bit for bit.  Adapters
can be stacked: each reads the output of the one below.
Papers: Houlsby et al. 2019, arXiv 1902.00751; one place per layer, as here: Pfeiffer et al. 2021, arXiv 2005.00247; a
task adapter on top of a language adapter (MAD-X): Pfeiffer et al. 2020, arXiv 2005.00052, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from crosslift.adapters.invertible import InvertibleAdapter, insert_invertible_adapters
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.layers import is_replayed, layers_of, states_of, with_states

_DEVIATION = 0.02
"""Standard deviation of the initial weights of D, as in BERT."""


class Bottleneck(nn.Module):
    """U relu(D h): the update of a state; zero at first.

    Args:
        width: width of the states.
        size: width of the bottleneck.
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
        """Return the update (batch, length, hidden) of states (batch, length, hidden)."""
        return self.up(functional.relu(self.down(states)))  # type: ignore[no-any-return]


class Bottlenecks(nn.Module):
    """One adapter: a bottleneck for each layer of an encoder, and optionally an invertible adapter.

    Args:
        width: width of the states.
        size: width of each bottleneck.
        layers: number of layers.
        generator: draws the weights that do not start at zero.
        invertible_adapter: maps word embeddings.
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
        """Number of layers, and width of the states."""

    @classmethod
    def of(cls, encoder: Encoder, *, reduction: int, seed: int, invertible: bool = False) -> Self:
        """Return an adapter for an encoder, with bottlenecks `reduction` times narrower than the states."""
        generator = torch.Generator().manual_seed(seed)
        size = max(1, encoder.hidden_size // reduction)
        invertible_adapter = InvertibleAdapter(encoder.embedding_size, generator=generator) if invertible else None
        made = cls(
            encoder.hidden_size, size, layers=encoder.layers, generator=generator, invertible_adapter=invertible_adapter
        )
        return made.to(encoder.device)

    @classmethod
    def holding(cls, weights: Mapping[str, Tensor]) -> Self:
        """Return the adapter with weights named as in its `state_dict`: D is (size, hidden), U (hidden, size)."""
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
    """Put adapters into every pass through an encoder.

    Args:
        encoder: its modules get hooks; no weight and no name of a weight changes.
        active: returns at each layer the adapters to apply, the lowest first.

    Returns:
        A function that removes the adapters.
    """
    norms = encoder.family.norms
    hook, places = (_after_layer, layers_of(encoder)) if norms is None else (_after_norm, list(norms(encoder.base)))
    # Before other hooks, which are there to see the layer's final output.
    handles = [place.register_forward_hook(hook(number, active), prepend=True) for number, place in enumerate(places)]
    handles += insert_invertible_adapters(
        encoder, lambda: [adapter.invertible_adapter for adapter in active() if adapter.invertible_adapter is not None]
    )

    def remove() -> None:
        for handle in handles:
            handle.remove()

    return remove


Hook = Callable[[nn.Module, Any, Any], Any]


def _after_norm(number: int, active: Callable[[], Sequence[Bottlenecks]]) -> Hook:
    def adapt(norm: nn.Module, arguments: Any, output: Tensor) -> Tensor:
        (total,) = arguments
        for adapter in active():
            total = total + adapter.layers[number](output)
            output = norm.forward(total)  # the method itself, because a call would run this hook again
        return output

    return adapt


def _after_layer(number: int, active: Callable[[], Sequence[Bottlenecks]]) -> Hook:
    def adapt(layer: nn.Module, _arguments: Any, output: Any) -> Any:
        if is_replayed(layer):
            return output
        states = states_of(output)
        for adapter in active():
            states = states + adapter.layers[number](states)
        return with_states(output, states)

    return adapt
