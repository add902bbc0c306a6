"""The lengths of a task's inputs, by the settings of its table."""

from __future__ import annotations

from crosslift.api.examples import TaskType
from crosslift.heads.task_model import TaskModel
from crosslift.recipe import FinetuneTable
from crosslift.train.task_items import default_length


def lengths_of(table: FinetuneTable, task_type: TaskType, model: TaskModel) -> dict[str, int]:
    """Return how long a row of a task may be, and how far apart windows of a context begin."""
    length = table.max_length or default_length(task_type)
    return {"max_length": min(length, model.encoder.max_length), "doc_stride": table.doc_stride}
