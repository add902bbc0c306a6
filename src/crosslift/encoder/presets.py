"""Shapes to start from scratch with: BERT, and for the lab a small ModernBERT."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from crosslift._compat import BertConfig, ModernBertConfig, PretrainedConfig, PreTrainedTokenizerBase
from crosslift.errors import RecipeError, nearest


@dataclass(frozen=True)
class Preset:
    """A shape; BERT's feed-forward part is four times as wide as the hidden states, ModernBERT's gated one twice."""

    layers: int
    hidden_size: int
    heads: int
    positions: int
    dropout: float
    architecture: Literal["BERT", "ModernBERT"] = "BERT"

    def config(self, tokenizer: PreTrainedTokenizerBase) -> PretrainedConfig:
        """Return the configuration for a tokenizer's vocabulary and special tokens."""
        shape: dict[str, Any] = {
            "vocab_size": len(tokenizer),
            "pad_token_id": tokenizer.pad_token_id,
            "num_hidden_layers": self.layers,
            "hidden_size": self.hidden_size,
            "num_attention_heads": self.heads,
            "max_position_embeddings": self.positions,
        }
        return self._bert(shape) if self.architecture == "BERT" else self._modernbert(shape, tokenizer)

    def _bert(self, shape: dict[str, Any]) -> PretrainedConfig:
        return BertConfig(
            **shape,
            intermediate_size=4 * self.hidden_size,
            hidden_dropout_prob=self.dropout,
            attention_probs_dropout_prob=self.dropout,
        )

    def _modernbert(self, shape: dict[str, Any], tokenizer: PreTrainedTokenizerBase) -> PretrainedConfig:
        return ModernBertConfig(
            **shape,
            intermediate_size=2 * self.hidden_size,
            layer_types=["full_attention"] * self.layers,
            initializer_range=0.05,  # 0.02 is meant for wider models; so narrow a one would start at a plateau
            embedding_dropout=self.dropout,
            attention_dropout=self.dropout,
            mlp_dropout=self.dropout,
            classifier_pooling="mean",
            cls_token_id=tokenizer.cls_token_id,
            sep_token_id=tokenizer.sep_token_id,
            bos_token_id=tokenizer.cls_token_id,
            eos_token_id=tokenizer.sep_token_id,
        )


PRESETS: Mapping[str, Preset] = {
    # With two layers, BERT's post-norm and [CLS] head do not learn to compare two sentences within minutes.
    "lab": Preset(layers=2, hidden_size=128, heads=4, positions=128, dropout=0.0, architecture="ModernBERT"),
    "mini": Preset(layers=4, hidden_size=192, heads=6, positions=256, dropout=0.05),
    "small": Preset(layers=6, hidden_size=384, heads=12, positions=512, dropout=0.1),
    "base": Preset(layers=12, hidden_size=768, heads=12, positions=512, dropout=0.1),
}
"""By name; "small" is shaped like MiniLM, "base" like BERT base."""


def preset_config(preset: str, tokenizer: PreTrainedTokenizerBase) -> PretrainedConfig:
    """Return the configuration of a preset.

    Raises:
        RecipeError: no such preset.
    """
    if preset not in PRESETS:
        raise RecipeError(
            f"scratch:{preset}: there is no preset '{preset}'{nearest(preset, PRESETS)} "
            f"(there are: {', '.join(PRESETS)})"
        )
    return PRESETS[preset].config(tokenizer)
