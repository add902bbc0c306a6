"""Each how-to page shows one file, complete, which the contract tests find in its registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosslift.api import registry
from tests.contracts import pages

SHOWN = {
    "add-method.md": ("finetune", "label_smoothing"),
    "add-metric.md": ("metric", "matthews_correlation"),
    "add-task.md": ("task", "reviews"),
}


def test_every_page_is_listed():
    assert {page.name for page in pages.PAGES} == set(SHOWN)


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: page.stem)
def test_a_page_shows_one_file(page: Path):
    kind, name = SHOWN[page.name]
    assert list(pages.files_of(page)) == [(kind, name)]
    assert name in pages.names(kind)
    assert registry.load(kind, name).__name__ == registry.class_name(name)
    assert registry.entries(kind)[name].summary


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: page.stem)
def test_a_page_imports_public_names_only(page: Path):
    for text in pages.files_of(page).values():
        imports = [line for line in text.splitlines() if line.startswith(("from ", "import "))]
        assert [line for line in imports if "._" in line or " _" in line] == []
