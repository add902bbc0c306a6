"""What makes files that recipes need: each a file of `crosslift.studies.preparations` with a function `prepare`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crosslift.studies.plugins import module
from crosslift.studies.tables import Scale

PREPARED = "prepared"
"""Folder of a study for files that its recipes need."""


def prepared(scale: Scale, folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values for recipes: those given, and where a scale's preparation has put what it made.

    Raises:
        InputError: there is no such preparation, or it lacks a value.
    """
    if scale.prepare is None:
        return dict(values)
    folder.mkdir(parents=True, exist_ok=True)
    known = {**scale.values, **values}
    made: Mapping[str, Any] = module("preparations", scale.prepare).prepare(folder.absolute(), known)
    return {**made, **values}
