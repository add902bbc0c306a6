"""Shapes of encoders from scratch: BERT, and for the lab a small ModernBERT.  Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """A shape; the feed-forward is four times as wide as the hidden states in BERT, twice (and gated) in ModernBERT."""

    layers: int
    hidden_size: int
    heads: int
    positions: int
    dropout: float
    family: str = "bert"


PRESETS: Mapping[str, Preset] = {
    # A two-layer BERT, with post-norm and a [CLS] head, does not learn to compare two sentences within minutes.
    "lab": Preset(layers=2, hidden_size=128, heads=4, positions=128, dropout=0.0, family="modernbert"),
    "mini": Preset(layers=4, hidden_size=192, heads=6, positions=256, dropout=0.05),
    "small": Preset(layers=6, hidden_size=384, heads=12, positions=512, dropout=0.1),
    "base": Preset(layers=12, hidden_size=768, heads=12, positions=512, dropout=0.1),
}
"""By name; "small" is shaped like MiniLM, "base" like BERT base."""
