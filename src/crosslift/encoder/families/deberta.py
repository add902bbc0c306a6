"""DeBERTa-v2, DeBERTa-v3 and mDeBERTa.

Positions are relative.  The masked-LM head is one of two (`config.legacy`); some checkpoints have token types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crosslift.encoder.family import Family

if TYPE_CHECKING:
    from torch import Tensor, nn

    from crosslift.encoder.loading import Loaded


def _masked_head(model: Any, states: Tensor) -> Tensor:
    if model.legacy:
        return model.cls(states)  # type: ignore[no-any-return]
    return model.lm_predictions(states, model.get_input_embeddings())  # type: ignore[no-any-return]


def _norm_of_masked_head(model: Any) -> nn.Module | None:
    return None if model.legacy else model.lm_predictions.lm_head.LayerNorm


def _load(name: str, **options: Any) -> Loaded:
    from crosslift.encoder.loading import load_masked  # torch, which listing the families need not load

    loaded = load_masked(name, **options)
    if any(key.startswith("lm_predictions.") for key in loaded.unused):
        # DeBERTa-v3 was published with the newer head, which its config.json does not mention.
        loaded = load_masked(name, **options, legacy=False)
    return loaded


FAMILY = Family(
    model_types=("deberta-v2",),
    layers=lambda base: base.encoder.layer,
    norms=lambda base: [layer.output.LayerNorm for layer in base.encoder.layer],
    masked_head=_masked_head,
    norm_of_masked_head=_norm_of_masked_head,
    load=_load,
    has_segments=lambda config: config.type_vocab_size > 1,
)
