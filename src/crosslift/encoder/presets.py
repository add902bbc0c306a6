"""BERT-shaped models to start from scratch with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crosslift._compat import BertConfig
from crosslift.errors import RecipeError, nearest


@dataclass(frozen=True)
class Preset:
    """A shape; the feed-forward part is four times as wide as the hidden states."""

    layers: int
    hidden_size: int
    heads: int
    positions: int
    dropout: float


PRESETS: Mapping[str, Preset] = {
    "lab": Preset(layers=2, hidden_size=128, heads=4, positions=128, dropout=0.0),
    "mini": Preset(layers=4, hidden_size=192, heads=6, positions=256, dropout=0.05),
    "small": Preset(layers=6, hidden_size=384, heads=12, positions=512, dropout=0.1),
    "base": Preset(layers=12, hidden_size=768, heads=12, positions=512, dropout=0.1),
}
"""By name; "small" is shaped like MiniLM, "base" like BERT base."""


def bert_config(preset: str, *, vocabulary_size: int, pad_id: int) -> BertConfig:
    """Return the configuration of a preset.

    Raises:
        RecipeError: no such preset.
    """
    if preset not in PRESETS:
        raise RecipeError(
            f"scratch:{preset}: there is no preset '{preset}'{nearest(preset, PRESETS)} "
            f"(there are: {', '.join(PRESETS)})"
        )
    shape = PRESETS[preset]
    return BertConfig(
        vocab_size=vocabulary_size,
        pad_token_id=pad_id,
        num_hidden_layers=shape.layers,
        hidden_size=shape.hidden_size,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.hidden_size,
        max_position_embeddings=shape.positions,
        hidden_dropout_prob=shape.dropout,
        attention_probs_dropout_prob=shape.dropout,
    )
