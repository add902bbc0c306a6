"""The statistical word aligner: `WordAligner`, `symmetrize`, and `words`, which splits a text into the default units.

Names are loaded on first use, because the compiler that they need takes a moment to start.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crosslift.wordalign.aligner import Alignment, WordAligner
    from crosslift.wordalign.symmetrization import symmetrize
    from crosslift.wordalign.units import words

__all__ = ["Alignment", "WordAligner", "symmetrize", "words"]

_HOMES = {"Alignment": "aligner", "WordAligner": "aligner", "symmetrize": "symmetrization", "words": "units"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'crosslift.wordalign' has no attribute '{name}'")
    return getattr(importlib.import_module(f"crosslift.wordalign.{_HOMES[name]}"), name)
