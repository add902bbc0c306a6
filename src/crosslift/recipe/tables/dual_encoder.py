"""The `[dual_encoder]` table.  Imports no torch."""

from __future__ import annotations

from pydantic import Field

from crosslift.recipe.tables.common import MethodTable, StageTable


class DualEncoderTable(StageTable):
    """``[dual_encoder]``: train sentence vectors on queries and their answers, for ranking tasks.

    Later stages start from the trained encoder; ranking tasks are scored with its vectors.
    Paper: Ruder et al. 2021, arXiv 2104.07412 (XTREME-R).
    """

    task: str = Field(description="a ranking task with training data: lareqa or mewslix")
    source: str | None = Field(None, description="language of the training data; the task's own by default")
    objective: tuple[MethodTable, ...] = Field(
        (MethodTable(use="dual_encoder"),), min_length=1, description="the loss on queries and answers"
    )
    max_length: int | None = Field(  # type: ignore[assignment]  # the default depends on the task
        None,
        ge=8,
        description="queries and answers are truncated to this many tokens; the task's lengths by default (lareqa: 96 "
        "and 256)",
    )
    train_limit: int | None = Field(None, ge=1, description="maximum number of training examples, drawn with the seed")
