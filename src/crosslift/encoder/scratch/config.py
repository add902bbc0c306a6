"""The transformers configuration of a preset shape."""

from __future__ import annotations

from typing import Any

from crosslift.compat import BertConfig, ModernBertConfig, PretrainedConfig, PreTrainedTokenizerBase
from crosslift.encoder.scratch.presets import PRESETS, Preset
from crosslift.errors import RecipeError, unknown


def preset_config(name: str, tokenizer: PreTrainedTokenizerBase) -> PretrainedConfig:
    """Return the configuration of a preset for a tokenizer's vocabulary and special tokens.

    Raises:
        RecipeError: no such preset.
    """
    if name not in PRESETS:
        raise RecipeError(
            f"scratch:{name}: {unknown('preset', name, PRESETS)}"
        )
    preset = PRESETS[name]
    shape: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "num_hidden_layers": preset.layers,
        "hidden_size": preset.hidden_size,
        "num_attention_heads": preset.heads,
        "max_position_embeddings": preset.positions,
    }
    return _bert(preset, shape) if preset.architecture == "BERT" else _modernbert(preset, shape, tokenizer)


def _bert(preset: Preset, shape: dict[str, Any]) -> PretrainedConfig:
    return BertConfig(
        **shape,
        intermediate_size=4 * preset.hidden_size,
        hidden_dropout_prob=preset.dropout,
        attention_probs_dropout_prob=preset.dropout,
    )


def _modernbert(preset: Preset, shape: dict[str, Any], tokenizer: PreTrainedTokenizerBase) -> PretrainedConfig:
    return ModernBertConfig(
        **shape,
        intermediate_size=2 * preset.hidden_size,
        layer_types=["full_attention"] * preset.layers,
        initializer_range=0.05,  # 0.02 is meant for wider models; so narrow a one would start at a plateau
        embedding_dropout=preset.dropout,
        attention_dropout=preset.dropout,
        mlp_dropout=preset.dropout,
        classifier_pooling="mean",
        cls_token_id=tokenizer.cls_token_id,
        sep_token_id=tokenizer.sep_token_id,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
    )
