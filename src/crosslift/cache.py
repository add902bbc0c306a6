"""Where crosslift keeps what can be made again: encoders after a stage, translations, locks."""

from __future__ import annotations

import os
from pathlib import Path


def cache_directory() -> Path:
    """Return where stages are cached: $CROSSLIFT_CACHE, else crosslift in the user's cache directory."""
    given = os.environ.get("CROSSLIFT_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(base) / "crosslift"
