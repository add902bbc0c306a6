"""What stages share: the folder they are cached in, a seed of their own, and how long the rows of a task are."""

from __future__ import annotations

from crosslift.api.examples import TaskType
from crosslift.heads.task_model import TaskModel
from crosslift.recipe import (
    AlignTable,
    DualEncoderTable,
    FinetuneTable,
    IntermediateTable,
    LanguageAdaptersTable,
    PretrainTable,
)
from crosslift.train.task_items import default_length

StageTable = PretrainTable | AlignTable | IntermediateTable | DualEncoderTable | LanguageAdaptersTable
"""Tables of the stages before fine-tuning, which are cached."""


def stage_seed(table: StageTable, seed: int) -> int:
    """Return the seed of a shared stage: its own, or one for each seed of the recipe."""
    return table.seed + 1000 * (seed + 1) if table.per_seed else table.seed


def lengths_of(table: FinetuneTable, task_type: TaskType, model: TaskModel) -> dict[str, int]:
    """Return how long a row of a task may be, and how far apart windows of a context begin."""
    length = table.max_length or default_length(task_type)
    return {"max_length": min(length, model.encoder.max_length), "doc_stride": table.doc_stride}
