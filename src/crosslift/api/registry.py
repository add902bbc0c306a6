"""The registries of tasks, metrics, alignment objectives and fine-tuning methods: each file of a folder is a name.

A recipe names the file, and the file defines a class of that name in CamelCase.  Names and summaries are read from
file names and module docstrings, so listing imports nothing.
"""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from crosslift.errors import InputError, unknown

FOLDERS = {"task": "tasks", "metric": "metrics", "align": "align", "finetune": "finetune"}
"""The folder of each registry."""


@dataclass(frozen=True)
class Entry:
    """One file of a registry."""

    name: str
    registry: str
    summary: str
    documentation: str


@cache
def entries(registry: str) -> dict[str, Entry]:
    """Return the entries of a registry by name, sorted, without importing them."""
    folder = Path(__file__).parents[1] / FOLDERS[registry]
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return {path.stem: _entry(registry, path) for path in files}


def _entry(registry: str, path: Path) -> Entry:
    documentation = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return Entry(path.stem, registry, documentation.partition("\n")[0], documentation)


def load(registry: str, name: str, *, where: str = "") -> Any:
    """Return the class that the file `name` of a registry defines.

    Raises:
        InputError: no such file; the message names the nearest one.
    """
    known = entries(registry)
    if name not in known:
        place = f"{where}: " if where else ""
        raise InputError(f"{place}{unknown(registry, name, known)}")
    module = importlib.import_module(f"crosslift.{FOLDERS[registry]}.{name}")
    return getattr(module, class_name(name))


def class_name(name: str) -> str:
    """Return the name of the class that a file defines.

    >>> class_name("sentence_contrastive")
    'SentenceContrastive'
    """
    return "".join(part.capitalize() for part in name.split("_"))
