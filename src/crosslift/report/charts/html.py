"""Self-contained HTML pages: each holds its styles, scripts and numbers, and loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plotly
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from crosslift.report.charts.colours import PAPER, shade
from crosslift.report.sections import Section, shown
from crosslift.tables import format as fmt
from crosslift.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from crosslift.report.charts.figures import Figure

TEMPLATES = Path(__file__).parents[1] / "templates"
MACROS = """\
{% from "macros.html.j2" import bullets, embedding_maps, fact_list, figure, legend, pick %}
{% from "macros.html.j2" import gap_figure, heat_map, scale, table, titled, verdict %}
"""
"""What the template of a section can call."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A number in a large font: its name, its value, and a note."""

    name: str
    value: str
    note: str = ""


def page(template: str, package: ModuleType, view: Any, content: Mapping[str, Any]) -> str:
    """Return a page: a template's top, and the sections of a folder below it.

    Args:
        template: file in `templates`.
        package: folder of sections.
        view: the report or study that sections show.
        content: what the top and every section may name.
    """
    scripts = {"plotly": str(get_plotlyjs()), "page": (TEMPLATES / "report.js").read_text(encoding="utf-8")}
    return (
        _environment()
        .get_template(template)
        .render(
            **content,
            sections=[_filled(section, source, content) for section, source in shown(package, view)],
            style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
            scripts={name: Markup(text) for name, text in scripts.items()},
            policy=_policy(scripts),
            paper=PAPER,
            version=__version__,
            plotly_version=plotly.__version__,
        )
    )


def _filled(section: Section, source: str, content: Mapping[str, Any]) -> dict[str, str]:
    template = _environment().from_string(MACROS + source)
    html = Markup(template.render({**content, **section.content}))
    return {"anchor": section.anchor, "link": section.link, "html": html}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(figure_json=figure_json, shade=shade, isfinite=_isfinite)
    environment.filters.update(words=fmt.words, score=fmt.score, plural=fmt.plural)
    return environment


def _isfinite(value: float | str) -> bool:
    return isinstance(value, (float, int)) and math.isfinite(value)


def _policy(scripts: Mapping[str, str]) -> str:
    """Return a content security policy: no connection, and no script except those of this page."""
    hashes = " ".join(f"'sha256-{_digest(text)}'" for text in scripts.values())
    nothing = "default-src 'none'; form-action 'none'; base-uri 'none'"
    return f"{nothing}; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:"


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def figure_json(figure: Figure) -> Markup:
    """Return a figure as JSON that is safe inside a script element, whatever its texts."""
    text = json.dumps(json.loads(figure.figure.to_json()), separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested values as pairs of texts."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, prefix=f"{prefix}{key} ")
        else:
            yield f"{prefix}{key}", str(value)
