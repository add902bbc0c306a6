"""The contract tests see the registries with the files of the how-to pages in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts import pages


@pytest.fixture(scope="package", autouse=True)
def _pages_are_registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pages.registered(tmp_path_factory.mktemp("pages")):
        yield
