"""Python in the documentation and the examples runs as it stands."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from tests.docs.conftest import PAGES, ROOT, blocks

WITH_PYTHON = [page for page in PAGES if any(blocks(page, "python"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
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
def test_an_example_is_short_and_says_what_it_shows(example: Path):
    lines = example.read_text(encoding="utf-8").splitlines()
    assert len(lines) < LONGEST_EXAMPLE
    assert lines[0].startswith('"""')
