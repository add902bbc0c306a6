"""Preparations of files that recipes need: each is in `crosslift.studies.preparations`, with a function `prepare`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crosslift.studies.plugins import module
from crosslift.studies.tables import Scale

PREPARED = "prepared"
"""Folder of a study for the files that its recipes need."""


def prepared(scale: Scale, folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values for recipes: those given, and the paths of the files that the scale's preparation made.

    Raises:
        InputError: there is no such preparation, or a value that it needs is missing.
    """
    if scale.prepare is None:
        return dict(values)
    folder.mkdir(parents=True, exist_ok=True)
    known = {**scale.values, **values}
    made: Mapping[str, Any] = module("preparations", scale.prepare).prepare(folder.absolute(), known)
    return {**made, **values}
