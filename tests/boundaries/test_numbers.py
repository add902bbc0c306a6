"""Every printed number has one spelling: packages that print leave the formatting to `crosslift.tables.format`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "crosslift"
PRINTING = ("cli", "comparison", "report", "runs", "studies", "tables")
"""Packages that write numbers for readers."""
FORMATS = SOURCE / "tables" / "format.py"
NUMBER = re.compile(r"[eEfFgGn%]$|[,_]|\.\d+$")
"""A format specification of a float, or one that separates thousands."""


def number_formats(code: str) -> Iterator[str]:
    """Yield the format specifications of numbers in code: in f-strings, format(), str.format and the % operator."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            found = [ast.unparse(node.format_spec)[2:-1]]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "format":
            found = [text for argument in node.args[1:] for text in texts(argument)]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            found = [field for text in texts(node.func.value) for field in re.findall(r"\{[^{}:]*:([^{}]*)\}", text)]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            found = [field for text in texts(node.left) for field in re.findall(r"%[^a-zA-Z%]*[a-zA-Z]", text)]
        else:
            found = []
        yield from (field for field in found if NUMBER.search(field))


def texts(node: ast.expr) -> list[str]:
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('f"{x:.1f} {y:,} {z:+.2f}"', [".1f", ",", "+.2f"]),
        ('f"{x:.{digits}f}"', [".{digits}f"]),
        ('format(x, ".3g")', [".3g"]),
        ('"{:.3g} {}".format(x, y)', [".3g"]),
        ('"%.1f of %s" % (x, y)', ["%.1f"]),
        ('f"{number:04x} {name} {place:>10}"; "{}".format(x); "%s" % x; count % 8', []),
    ],
)
def test_formats_of_numbers_are_found(code: str, found: list[str]):
    assert sorted(number_formats(code)) == sorted(found)


@pytest.mark.parametrize(
    "path",
    sorted(path for name in PRINTING for path in (SOURCE / name).rglob("*.py") if path != FORMATS),
    ids=lambda path: str(path.relative_to(SOURCE)),
)
def test_no_number_is_formatted_elsewhere(path: Path):
    assert list(number_formats(path.read_text(encoding="utf-8"))) == []
