"""The files that the how-to pages show: the contract suite runs over them as over the built-in ones."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crosslift.api import registry

PAGES = sorted((Path(__file__).parents[2] / "docs" / "howto").glob("add-*.md"))
_FILE = re.compile(r"`src/crosslift/(\w+)/(\w+)\.py`[^`]*?```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
"""A path, and the block that follows it."""


def files_of(page: Path) -> dict[tuple[str, str], str]:
    """Return the text of each file that a page shows, by registry and name."""
    registry_of = {folder: name for name, folder in registry.FOLDERS.items()}
    return {(registry_of[match[1]], match[2]): match[3] for match in _FILE.finditer(page.read_text(encoding="utf-8"))}


SHOWN = {key: text for page in PAGES for key, text in files_of(page).items()}


def names(kind: str) -> list[str]:
    """Return the names of a registry and those of its files that the pages show."""
    return sorted({*registry.entries(kind), *(name for shown, name in SHOWN if shown == kind)})


@contextmanager
def registered(folder: Path) -> Iterator[None]:
    """Write the files of the pages into a folder per registry, and have the registries find them there."""
    with pytest.MonkeyPatch.context() as patch:
        for (kind, name), text in SHOWN.items():
            if name in registry.entries(kind):
                continue  # somebody follows the page
            path = folder / registry.FOLDERS[kind] / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            package = importlib.import_module(f"crosslift.{registry.FOLDERS[kind]}")
            patch.setattr(package, "__path__", [*package.__path__, str(path.parent)])
            documentation = ast.get_docstring(ast.parse(text)) or ""
            entry = registry.Entry(name, kind, documentation.partition("\n")[0], documentation)
            patch.setitem(registry.entries(kind), name, entry)
            patch.delitem(sys.modules, f"{package.__name__}.{name}", raising=False)
        yield
    for kind, name in SHOWN:
        if name not in registry.entries(kind):
            sys.modules.pop(f"crosslift.{registry.FOLDERS[kind]}.{name}", None)
