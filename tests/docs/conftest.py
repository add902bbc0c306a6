"""What the tests of the documentation share: the pages, the blocks in them, and a run for them to read."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FENCED = re.compile(r"^( *)```(\w+)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, *languages: str) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in _FENCED.finditer(text):
        if match[2] in languages:
            yield Block(page, text.count("\n", 0, match.start(3)) + 1, match[2], match[3])


def load(name: str) -> ModuleType:
    """Import a file of docs/, which is no module of the package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def hooks() -> ModuleType:
    return load("hooks")


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the lab's inference task that has learned nothing."""
    from crosslift import recipe, run

    folder = tmp_path_factory.mktemp("tiny-run")
    tiny = recipe.build(
        {
            "name": "aligned",
            "encoder": {"model": "scratch:lab", "vocabulary_size": 400},
            "data": {"source": "lab", "counts": {"train": 32, "dev": 20, "test": 20}},
            "pretrain": {"steps": 2, "text": {"limit": 100}},
            "finetune": {"task": "xnli", "steps": 2, "batch_size": 8, "evaluations": 2},
            "evaluate": [{"task": "xnli", "languages": ["qaa", "qab"]}],
        },
        where="tests/docs",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSLIFT_CACHE", str(folder / "cache"))
        return run(tiny, folder / "run")


@pytest.fixture
def workplace(tmp_path: Path, tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory in which the runs that pages speak of are there."""
    monkeypatch.setenv("CROSSLIFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name in ("demo/aligned/seed-0", "tutorial/plain/seed-0"):
        shutil.copytree(tiny_run, tmp_path / "runs" / name)
    return tmp_path
