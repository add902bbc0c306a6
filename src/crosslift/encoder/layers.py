"""A pass in which the lower layers are not computed again: what an earlier pass made of them is played back.

Perturbing above the lower layers, one pass through them serves every pass through the upper ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Inputs
from crosslift.errors import CheckpointError

_PLACES: dict[str, Callable[[Any], Any]] = {
    "bert": lambda base: base.encoder.layer,
    "roberta": lambda base: base.encoder.layer,
    "deberta": lambda base: base.encoder.layer,
    "modernbert": lambda base: base.layers,
    "t5": lambda base: base.encoder.block,
    "m2m100": lambda base: base.layers,
}


def layers_of(encoder: Encoder) -> list[nn.Module]:
    """Return the transformer layers, lowest first.

    Raises:
        CheckpointError: XLM, whose layers are no modules.
    """
    if encoder.family not in _PLACES:
        raise CheckpointError(
            f"{encoder.name}: the layers of a model of the family '{encoder.family}' cannot be run by themselves "
            f"(families: {', '.join(_PLACES)})"
        )
    return list(_PLACES[encoder.family](encoder.base))


class _TopReached(Exception):  # noqa: N818  # what ends a pass, and no error
    """The highest layer that is wanted has returned."""


@dataclass
class LowerLayers:
    """What the lowest `count` layers made of a batch.

    Args:
        encoder: whose layers they are.
        count: how many, at least 1.
    """

    encoder: Encoder
    count: int
    outputs: list[Any] = field(default_factory=list)

    @property
    def states(self) -> Tensor:
        """What the highest of them returned: (batch, length, hidden)."""
        return states_of(self.outputs[-1])

    @contextmanager
    def recorded(self, move: Callable[[Tensor], Tensor]) -> Iterator[None]:
        """Keep what the layers return in the block's pass; what goes on to the next layer is `move` of the states."""
        self.outputs = []
        with ExitStack() as stack:
            for number, layer in enumerate(layers_of(self.encoder)[: self.count]):
                top = number == self.count - 1

                def keep(_layer: nn.Module, _arguments: Any, output: Any, top: bool = top) -> Any:
                    self.outputs.append(output)
                    return with_states(output, move(states_of(output))) if top else output

                stack.callback(layer.register_forward_hook(keep).remove)
            yield

    def run(self, inputs: Inputs, embeddings: Tensor) -> Tensor:
        """Run these layers and none above, keep what they return, and return the states: (batch, length, hidden)."""

        def stop(_states: Tensor) -> Tensor:
            raise _TopReached

        with self.recorded(stop), suppress(_TopReached):
            self.encoder.encode(inputs, embeddings)
        return self.states

    @property
    def detached(self) -> LowerLayers:
        """The same, through which no gradient goes down."""
        kept = [*self.outputs[:-1], with_states(self.outputs[-1], self.states.detach())]
        return LowerLayers(self.encoder, self.count, kept)

    @contextmanager
    def replayed(self, shift: Tensor) -> Iterator[None]:
        """Play back in the block's passes what was kept, `shift` (batch, length, hidden) added to the states."""
        layers = layers_of(self.encoder)[: self.count]
        played = [*self.outputs[:-1], with_states(self.outputs[-1], self.states + shift)]
        with ExitStack() as stack:
            for layer, output in zip(layers, played, strict=True):
                stack.callback(_put(layer, output))
            yield


def is_played_back(layer: nn.Module) -> bool:
    """Return whether a layer returns what an earlier pass has made, whatever hooks of the layer did then included."""
    return "forward" in vars(layer)


def _put(layer: Any, output: Any) -> Callable[[], None]:
    """Have a layer return `output` until what is returned is called."""
    layer.forward = lambda *_arguments, **_named: output

    def restore() -> None:
        del layer.forward  # the instance's own; the class's is there again

    return restore


def states_of(output: Any) -> Tensor:
    """Return the states that a layer returned, alone or with other things behind them."""
    found: Tensor = output[0] if isinstance(output, tuple) else output
    return found


def with_states(output: Any, states: Tensor) -> Any:
    """Return what a layer returned, with other states."""
    return (states, *output[1:]) if isinstance(output, tuple) else states
