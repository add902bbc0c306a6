"""The encoder of M2M100 and NLLB.

Positions are sinusoidal and word embeddings are scaled.  There is no masked-LM head.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from crosslift.encoder.family import Family

if TYPE_CHECKING:
    from crosslift.compat import PreTrainedModel
    from crosslift.encoder.loading import Loaded


def _load(name: str, **options: Any) -> Loaded:
    """Load a saved encoder half directly, and a full checkpoint through the whole model."""
    from crosslift.compat import AutoModel, M2M100Encoder  # torch, which listing the families need not load
    from crosslift.encoder.loading import from_pretrained, load_config

    config = load_config(name, options.get("revision"))
    if M2M100Encoder.__name__ in (config.architectures or ()):
        loaded = from_pretrained(M2M100Encoder, name, **options)
    else:
        whole = from_pretrained(AutoModel, name, **options)
        lacks = {key.removeprefix("encoder.") for key in whole.lacks if key.startswith(("encoder.", "shared."))}
        loaded = replace(whole, model=cast("PreTrainedModel", whole.model.encoder), lacks=frozenset(lacks))
    loaded.model.layerdrop = 0.0  # type: ignore[assignment]  # or the number of states changes during training
    return loaded


FAMILY = Family(
    model_types=("m2m_100",),
    layers=lambda base: base.layers,
    load=_load,
    has_task_heads=False,
)
