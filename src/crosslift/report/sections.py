"""Sections of a page: one file each in a folder, which says what a section shows and how.

A file holds `ORDER`, its position on the page; `TEMPLATE`, its Jinja source, in which the macros of
`templates/macros.html.j2` can be called; and two functions of the report or study:

- `sections(view)` yields each section to show, with the values that `TEMPLATE` needs;
- `markdown(view)`, which may be left out, yields paragraphs and tables of the Markdown document.

What only the page needs (plotly, say) is imported in `sections`, so that Markdown needs neither plotly nor Jinja.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType


@dataclass(frozen=True)
class Section:
    """One section of a page.

    Args:
        anchor: its id, unique on the page.
        link: its name in the navigation; "" for none.
        content: the values that the file's `TEMPLATE` names.
    """

    anchor: str
    link: str
    content: Mapping[str, Any] = field(default_factory=dict)


def modules(package: ModuleType) -> list[ModuleType]:
    """Return the modules of a folder of sections, in the order of the page."""
    names = sorted(path.stem for path in Path(str(package.__file__)).parent.glob("*.py") if path.stem != "__init__")
    found = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return sorted(found, key=lambda module: module.ORDER)


def shown(package: ModuleType, view: Any) -> Iterator[tuple[Section, str]]:
    """Yield every section that a folder shows of a report or study, and its template."""
    for module in modules(package):
        yield from ((section, module.TEMPLATE) for section in module.sections(view))


def markdown(package: ModuleType, view: Any) -> Iterator[str]:
    """Yield the parts of the Markdown document that a folder's sections have."""
    for module in modules(package):
        if hasattr(module, "markdown"):
            yield from module.markdown(view)
