"""The share of alignment methods that need parallel sentences or a dictionary."""

from __future__ import annotations

from crosslift.api import registry


def measure() -> dict[str, float]:
    """Return the share among the methods in `crosslift.align`, and their number."""
    methods = [registry.load("align", name) for name in registry.entries("align")]
    supervised = [method for method in methods if method.input_type == "bitext" or "lexicon" in method.model_fields]
    return {
        "share of alignment methods that need parallel text or a dictionary": len(supervised) / len(methods),
        "alignment methods": float(len(methods)),
    }
