"""How many alignment methods need more than text: parallel sentences or a dictionary."""

from __future__ import annotations

from crosslift import _shelf


def measure() -> dict[str, float]:
    """Return the share among the files of `crosslift.align`, and their number."""
    methods = [_shelf.load("align", name) for name in _shelf.entries("align")]
    supervised = [method for method in methods if method.reads == "bitext" or "lexicon" in method.model_fields]
    return {
        "share of alignment methods that need parallel text or a dictionary": len(supervised) / len(methods),
        "alignment methods": float(len(methods)),
    }
