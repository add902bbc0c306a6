"""The measurements and preparations of studies, one file each."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from crosslift.errors import RecipeError, unknown


def parts(folder: str) -> list[str]:
    """Return the names in a folder, without importing them."""
    return sorted(path.stem for path in (Path(__file__).parent / folder).glob("*.py") if not path.name.startswith("_"))


def module(folder: str, name: str) -> Any:
    """Return the module of a name.

    Raises:
        RecipeError: there is no such file; the message names the nearest.
    """
    known = parts(folder)
    if name not in known:
        raise RecipeError(unknown(folder.removesuffix("s"), name, known))
    return importlib.import_module(f"crosslift.studies.{folder}.{name}")
