"""The lower layers by themselves: the outputs of one pass through them are recorded, and replayed in later passes.

When only the states above the lower layers are perturbed, one pass through them serves every pass through the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.family import families
from crosslift.encoder.inputs import Inputs
from crosslift.errors import CheckpointError


def layers_of(encoder: Encoder) -> list[nn.Module]:
    """Return the transformer layers, lowest first.

    Raises:
        CheckpointError: the layers of the family are not modules.
    """
    if encoder.family.layers is None:
        suitable = [name for name, family in families().items() if family.layers is not None]
        raise CheckpointError(
            f"{encoder.name}: the layers of a model of the family '{encoder.family.name}' cannot be run by themselves "
            f"(families: {', '.join(suitable)})"
        )
    return list(encoder.family.layers(encoder.base))


class _TopReached(Exception):  # noqa: N818  # ends a pass; not an error
    """The highest layer needed has returned."""


@dataclass
class LowerLayers:
    """The outputs of the lowest `count` layers for a batch.

    Args:
        encoder: the encoder that the layers belong to.
        count: number of layers, at least 1.
    """

    encoder: Encoder
    count: int
    outputs: list[Any] = field(default_factory=list)

    @property
    def states(self) -> Tensor:
        """Output of the highest of them: (batch, length, hidden)."""
        return states_of(self.outputs[-1])

    @contextmanager
    def recorded(self, move: Callable[[Tensor], Tensor]) -> Iterator[None]:
        """Record the layers' outputs in the block's pass.

        Args:
            move: changes the states (batch, length, hidden) before they enter the next layer.
        """
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
        """Run only these layers, and record their outputs.

        Args:
            inputs: (batch, length) fields.
            embeddings: (batch, length, embedding).

        Returns:
            (batch, length, hidden).
        """

        def stop(_states: Tensor) -> Tensor:
            raise _TopReached

        with self.recorded(stop), suppress(_TopReached):
            self.encoder.encode(inputs, embeddings)
        return self.states

    @property
    def detached(self) -> LowerLayers:
        """The same outputs, without gradients to the layers below."""
        kept = [*self.outputs[:-1], with_states(self.outputs[-1], self.states.detach())]
        return LowerLayers(self.encoder, self.count, kept)

    @contextmanager
    def replayed(self, shift: Tensor) -> Iterator[None]:
        """Replay the recorded outputs in the block's passes, adding `shift` (batch, length, hidden) to the states."""
        layers = layers_of(self.encoder)[: self.count]
        played = [*self.outputs[:-1], with_states(self.outputs[-1], self.states + shift)]
        with ExitStack() as stack:
            for layer, output in zip(layers, played, strict=True):
                stack.callback(_replay(layer, output))
            yield


def is_replayed(layer: nn.Module) -> bool:
    """Return whether a layer replays the output of an earlier pass, in which the layer's hooks have already run."""
    return "forward" in vars(layer)


def _replay(layer: Any, output: Any) -> Callable[[], None]:
    """Make a layer return `output` until the returned function is called."""
    layer.forward = lambda *_arguments, **_named: output

    def restore() -> None:
        del layer.forward  # the instance's; that of the class applies again

    return restore


def states_of(output: Any) -> Tensor:
    """Return the states (batch, length, hidden) in a layer's output, which may be a tuple that begins with them."""
    found: Tensor = output[0] if isinstance(output, tuple) else output
    return found


def with_states(output: Any, states: Tensor) -> Any:
    """Return a layer's output with other states (batch, length, hidden)."""
    return (states, *output[1:]) if isinstance(output, tuple) else states
