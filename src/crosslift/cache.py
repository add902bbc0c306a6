"""The cache directory: encoders after a stage, translations and locks, all of which can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_directory() -> Path:
    """Return the cache directory: $CROSSLIFT_CACHE, else `crosslift` in the user's cache directory."""
    given = os.environ.get("CROSSLIFT_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(base) / "crosslift"
