"""The folder is the registry: a file on a shelf without a leading underscore is a name recipes understand.

Listing and summaries read file names and the first docstring line through `ast`, so nothing is imported.
"""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from crosslift.errors import InputError, unknown

SHELVES = {"task": "tasks", "metric": "metrics", "align": "align", "finetune": "finetune"}
"""What a name on the shelf is called, and its folder."""


@dataclass(frozen=True)
class Entry:
    """One file on a shelf."""

    name: str
    shelf: str
    summary: str
    documentation: str


@cache
def entries(shelf: str) -> dict[str, Entry]:
    """Return the entries of a shelf by name, sorted, without importing them."""
    folder = Path(__file__).parents[1] / SHELVES[shelf]
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return {path.stem: _entry(shelf, path) for path in files}


def _entry(shelf: str, path: Path) -> Entry:
    documentation = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return Entry(path.stem, shelf, documentation.partition("\n")[0], documentation)


def load(shelf: str, name: str, *, where: str = "") -> Any:
    """Return the class that the file `name` on `shelf` defines; its name is the file's in CamelCase.

    Raises:
        InputError: no such file; the message names the nearest one.
    """
    known = entries(shelf)
    if name not in known:
        place = f"{where}: " if where else ""
        raise InputError(
            f"{place}{unknown(shelf, name, known)}"
        )
    module = importlib.import_module(f"crosslift.{SHELVES[shelf]}.{name}")
    return getattr(module, class_name(name))


def class_name(name: str) -> str:
    """Return the class a file defines.

    >>> class_name("sentence_contrastive")
    'SentenceContrastive'
    """
    return "".join(part.capitalize() for part in name.split("_"))
