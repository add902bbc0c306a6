"""Python on pages and in examples runs; benchmarks and experiments import only public names that exist."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.conftest import PAGES, ROOT, blocks

WITH_PYTHON = [page for page in PAGES if any(blocks(page, "python"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
SCRIPTS = sorted(path for folder in ("benchmarks", "experiments") for path in (ROOT / folder).glob("*.py"))
LONGEST_EXAMPLE = 40


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_a_page_run_in_order(page: Path, workplace):
    namespace: dict[str, object] = {"__name__": "page"}
    for block in blocks(page, "python"):
        exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), namespace)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_prints(example: Path, workplace, capsys):
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out.count("\n") > 2


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_and_describes_itself(example: Path):
    lines = example.read_text(encoding="utf-8").splitlines()
    assert len(lines) < LONGEST_EXAMPLE
    assert lines[0].startswith('"""')


def imported(code: str) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of each import from crosslift; the name is empty for a whole module."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from ((each.name, "") for each in node.names if each.name.partition(".")[0] == "crosslift")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "crosslift":
            yield from ((str(node.module), each.name) for each in node.names)


def mistakes_in(code: str) -> Iterator[str]:
    """Yield the imports from crosslift that are private or do not exist."""
    for module, name in imported(code):
        if any(part.startswith("_") for part in (*module.split("."), name) if part != "__version__"):
            yield f"{module} {name} is private"
        elif name and not _has(module, name):
            yield f"{module} has no {name}"
        elif not name:
            importlib.import_module(module)


def _has(module: str, name: str) -> bool:
    return hasattr(importlib.import_module(module), name) or importlib.util.find_spec(f"{module}.{name}") is not None


@pytest.mark.parametrize("script", [*SCRIPTS, *EXAMPLES], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_script_imports_public_names_that_exist(script: Path):
    assert list(mistakes_in(script.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_imports_nothing_private(page: Path):
    code = "\n".join(block.text for block in blocks(page, "python"))
    assert [mistake for mistake in mistakes_in(code) if mistake.endswith("is private")] == []


def test_a_wrong_import_is_found():
    code = "import crosslift\nfrom crosslift.api import Task, Tusk\nfrom crosslift.wordalign.hmm import _Hmm\n"
    assert list(mistakes_in(code)) == ["crosslift.api has no Tusk", "crosslift.wordalign.hmm _Hmm is private"]
