"""TMX, the exchange format of translation memories, read as a stream.  Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from crosslift import languages as language_table
from crosslift.errors import DataError
from crosslift.io.text import open_bytes

_CHUNK = 1 << 20
_CODES = frozenset({"bpt", "ept", "it", "ph", "ut"})
"""Elements inside a segment that hold the markup of the original, not its text."""


def tmx_pairs(path: Path, languages: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the translation units in both languages; regions (`en-US`) are ignored.

    Raises:
        DataError: the file is not well-formed, declares entities, or has no unit in both languages.
    """
    units = _Units(tuple(_names(code) for code in languages))
    found = False
    with open_bytes(path) as file:
        while chunk := file.read(_CHUNK):
            _feed(units, chunk, path)
            found = found or bool(units.done)
            yield from units.take()
        _feed(units, b"", path)
    if not found:
        there = ", ".join(sorted(units.seen)) or "none"
        raise DataError(f"{path}: no unit in both {' and '.join(languages)} (languages in the file: {there})")


def _names(code: str) -> frozenset[str]:
    return frozenset(name.lower() for name in (code, *language_table.get(code).codes))


def _feed(units: _Units, chunk: bytes, path: Path) -> None:
    try:
        units.parser.Parse(chunk, not chunk)
    except expat.ExpatError as error:
        raise DataError(f"{path}, line {error.lineno}: not well-formed XML: {error}") from error
    except _EntityError as error:
        line = units.parser.CurrentLineNumber
        raise DataError(f"{path}, line {line}: declares the entity '{error}', which is not supported") from error


class _EntityError(Exception):
    """An entity declaration; nested entities can expand a small file to gigabytes."""


class _Units:
    """The units read so far, built from the parser's events."""

    def __init__(self, wanted: tuple[frozenset[str], ...]) -> None:
        self.wanted = wanted
        self.done: list[tuple[str, str]] = []
        self.seen: set[str] = set()
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity
        self._texts: dict[int, str] = {}
        self._side: int | None = None
        self._text_parts: list[str] | None = None
        self._codes = 0

    def take(self) -> list[tuple[str, str]]:
        """Return the complete units, and forget them."""
        done, self.done = self.done, []
        return done

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        if element == "tu":
            self._texts = {}
        elif element == "tuv":
            self._side = self._side_of(attributes.get("xml:lang") or attributes.get("lang") or "")
        elif element == "seg":
            self._text_parts = []
        self._codes += element in _CODES

    def _end(self, element: str) -> None:
        self._codes -= element in _CODES
        if element == "seg" and self._side is not None and self._text_parts is not None:
            self._texts[self._side] = " ".join("".join(self._text_parts).split())
        elif element == "tu" and len(self._texts) == 2:
            self.done.append((self._texts[0], self._texts[1]))
        if element == "seg":
            self._text_parts = None

    def _text(self, text: str) -> None:
        if self._text_parts is not None and not self._codes:
            self._text_parts.append(text)

    def _entity(self, name: str, *_: object) -> None:
        raise _EntityError(name)

    def _side_of(self, code: str) -> int | None:
        self.seen.add(code)
        names = {code.lower(), code.lower().partition("-")[0]}
        return next((side for side, wanted in enumerate(self.wanted) if wanted & names), None)
