"""The transformers configuration of a preset shape."""

from __future__ import annotations

from typing import Any

from crosslift.compat import PretrainedConfig, PreTrainedTokenizerBase
from crosslift.encoder.family import families
from crosslift.encoder.scratch.presets import PRESETS
from crosslift.errors import RecipeError, unknown


def preset_config(name: str, tokenizer: PreTrainedTokenizerBase) -> PretrainedConfig:
    """Return the configuration of a preset for a tokenizer's vocabulary and special tokens.

    Raises:
        RecipeError: no such preset.
    """
    if name not in PRESETS:
        raise RecipeError(f"scratch:{name}: {unknown('preset', name, PRESETS)}")
    preset = PRESETS[name]
    shared: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "num_hidden_layers": preset.layers,
        "hidden_size": preset.hidden_size,
        "num_attention_heads": preset.heads,
        "max_position_embeddings": preset.positions,
    }
    make = families()[preset.family].scratch_config
    assert make is not None, f"a preset of {preset.family}, which has no scratch_config"
    return make(preset, tokenizer, shared)
