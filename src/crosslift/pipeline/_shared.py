"""What stages share: the folder they are cached in, a seed of their own, and how long the rows of a task are."""

from __future__ import annotations

import os
from pathlib import Path

from crosslift.encoder.heads import TaskModel
from crosslift.recipe import (
    AlignTable,
    DualEncoderTable,
    FinetuneTable,
    IntermediateTable,
    LanguageAdaptersTable,
    PretrainTable,
)
from crosslift.tasks._task import Kind
from crosslift.train.features import default_length

StageTable = PretrainTable | AlignTable | IntermediateTable | DualEncoderTable | LanguageAdaptersTable
"""Tables of the stages before fine-tuning, which are cached."""


def cache_directory() -> Path:
    """Return where stages are cached: $CROSSLIFT_CACHE, else crosslift in the user's cache directory."""
    given = os.environ.get("CROSSLIFT_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given) if given else Path(base) / "crosslift"


def stage_seed(table: StageTable, seed: int) -> int:
    """Return the seed of a shared stage: its own, or one for each seed of the recipe."""
    return table.seed + 1000 * (seed + 1) if table.per_seed else table.seed


def lengths_of(table: FinetuneTable, kind: Kind, model: TaskModel) -> dict[str, int]:
    """Return how long a row of a task may be, and how far apart windows of a context begin."""
    length = table.max_length or default_length(kind)
    return {"max_length": min(length, model.encoder.max_length), "doc_stride": table.doc_stride}
