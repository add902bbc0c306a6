"""Fixtures for all tests.  Nothing here or below reaches the network."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
# Tiny tensors are slower on many threads than on one, the more so when tests run side by side.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(scope="session", autouse=True)
def stage_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Cache stages in a folder of the session; no test touches the user's."""
    os.environ["CROSSLIFT_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function from a name in `tiny.BUILDERS` to the directory of that checkpoint, built once."""
    from tests import tiny

    @cache
    def directory(name: str) -> Path:
        return tiny.build(name, tmp_path_factory.mktemp("checkpoints") / name)

    return directory
