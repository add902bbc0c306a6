"""Public functions on tensors and arrays state the shapes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "crosslift"
PACKAGES = (
    *("adapters", "align", "augment", "data", "encoder", "evaluation", "finetune", "heads", "merging", "retrieval"),
    *("stats", "train"),
)
"""Packages that compute with tensors or arrays."""
ARRAYS = {"Tensor", "NDArray"}
SHAPE = re.compile(r"\([\w* .+-]+,[\w* .+,-]*\)|\bscalars?\b")
"""A parenthesised tuple such as ``(n,)``, ``(batch, hidden)`` or ``(rows, ...)``, or the word "scalar"."""

FILES = [SOURCE / "losses.py", *(path for name in PACKAGES for path in sorted((SOURCE / name).rglob("*.py")))]
Function = ast.FunctionDef | ast.AsyncFunctionDef
Named = ast.Name | ast.Attribute


def public_functions(tree: ast.Module | ast.ClassDef) -> Iterator[tuple[Function, str]]:
    """Yield public functions and methods, each with its docstring and that of its class."""
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node, ast.get_docstring(node) or ""
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node)


def aliases(tree: ast.Module) -> set[str]:
    """Return the names of array types in a file: Tensor, NDArray, and its own, such as ``Codes = NDArray[int64]``."""
    names = set(ARRAYS)
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and mentions(node.value, names):
            names.add(node.targets[0].id)
    return names


def mentions(node: ast.AST | None, names: set[str]) -> bool:
    """Return whether an annotation has one of the names, as in ``Tensor | None`` or ``dict[str, torch.Tensor]``."""
    parts = ast.walk(node) if node is not None else ()
    found = {part.id if isinstance(part, ast.Name) else part.attr for part in parts if isinstance(part, Named)}
    return bool(found & names)


def on_arrays(function: Function, names: set[str]) -> bool:
    arguments = function.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
    annotations = [argument.annotation for argument in every if argument is not None]
    return any(mentions(annotation, names) for annotation in (*annotations, function.returns))


def without_shapes(source: str) -> list[str]:
    """Return the public functions on arrays whose docstring states no shape."""
    tree = ast.parse(source)
    names = aliases(tree)
    return [
        function.name
        for function, docstring in public_functions(tree)
        if on_arrays(function, names) and not SHAPE.search(docstring)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_functions_on_arrays_state_shapes(path: Path):
    assert without_shapes(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("docstring", "missing"),
    [
        ("Return the mean, (hidden,).", False),
        ("Return a scalar.", False),
        ("Return (batch, length, hidden).", False),
        ("Return the norms of rows (rows, ...).", False),
        ("Return the mean (of all rows).", True),
        ("Return the mean.", True),
    ],
)
def test_a_missing_shape_is_found(docstring: str, missing: bool):
    source = f'from torch import Tensor\n\ndef mean(rows: Tensor) -> Tensor:\n    """{docstring}"""\n'
    assert without_shapes(source) == (["mean"] if missing else [])


def test_aliases_and_methods_are_found_too():
    source = (
        "Codes = NDArray[int]\nclass Rater:\n    def rate(self, codes: dict[str, Codes]) -> float:\n"
        '        """Rate."""\n    def _rate(self, codes: Codes) -> float:\n        return 0\n'
    )
    assert without_shapes(source) == ["rate"]
