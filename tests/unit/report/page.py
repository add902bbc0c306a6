"""A page as a reader's browser would meet it, and text that an attacker would like it to run."""

from __future__ import annotations

import json
from html.parser import HTMLParser

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&\"'{{7*7}}<b>[red]|`"


class Page(HTMLParser):
    """Collects elements, attributes, and the text of scripts and of everything else."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.text = ""
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open = tag
        if tag == "script":
            self.scripts.append((dict(attrs).get("type"), ""))

    def handle_endtag(self, _tag):
        self._open = ""

    def handle_data(self, data):
        if self._open == "script":
            kind, text = self.scripts[-1]
            self.scripts[-1] = (kind, text + data)
        elif self._open != "style":
            self.text += data

    @property
    def figures(self):
        return [json.loads(text) for kind, text in self.scripts if kind == "application/json"]

    def harmless(self) -> bool:
        """Whether no element or attribute is there that only markup in a text could have made."""
        handlers = [name for _, attributes in self.elements for name in attributes if name.startswith("on")]
        return not handlers and not {tag for tag, _ in self.elements} & {"img", "b", "iframe", "object"}
