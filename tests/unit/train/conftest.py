"""Fixtures of the tests of training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Checkpoint = Callable[[str], Path]


@pytest.fixture
def without_dropout(checkpoint: Checkpoint) -> Iterator[Path]:
    """BERT without dropout: splitting a batch, or sharing it, would draw other dropout masks."""
    directory = checkpoint("bert")
    config = directory / "config.json"
    text = config.read_text()
    config.write_text(text.replace('dropout_prob": 0.1', 'dropout_prob": 0.0'))
    yield directory
    config.write_text(text)
