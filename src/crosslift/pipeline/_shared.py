"""What stages share over runs and seeds: the folder they are cached in, and a seed of their own."""

from __future__ import annotations

import os
from pathlib import Path

from crosslift.recipe import AlignTable, IntermediateTable, LanguageAdaptersTable, PretrainTable

StageTable = PretrainTable | AlignTable | IntermediateTable | LanguageAdaptersTable
"""Tables of the stages before fine-tuning, which are cached."""


def cache_directory() -> Path:
    """Return where stages are cached: $CROSSLIFT_CACHE, else crosslift in the user's cache directory."""
    given = os.environ.get("CROSSLIFT_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(base) / "crosslift"


def stage_seed(table: StageTable, seed: int) -> int:
    """Return the seed of a shared stage: its own, or one for each seed of the recipe."""
    return table.seed + 1000 * (seed + 1) if table.per_seed else table.seed
