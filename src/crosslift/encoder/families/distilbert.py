"""DistilBERT and multilingual DistilBERT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crosslift.encoder.family import Family

if TYPE_CHECKING:
    from torch import Tensor


def _masked_head(model: Any, states: Tensor) -> Tensor:
    hidden = model.vocab_layer_norm(model.activation(model.vocab_transform(states)))
    return model.vocab_projector(hidden)  # type: ignore[no-any-return]


FAMILY = Family(
    model_types=("distilbert",),
    layers=lambda base: base.transformer.layer,
    norms=lambda base: [layer.output_layer_norm for layer in base.transformer.layer],
    masked_head=_masked_head,
)
