"""The table of training a dual encoder.  Imports no torch."""

from __future__ import annotations

from pydantic import Field

from crosslift.recipe.tables.common import MethodTable, TrainTable


class DualEncoderTable(TrainTable):
    """``[dual_encoder]``: train the encoder's vectors on queries and what answers them, for ranking tasks.

    The encoder goes on from there; ranking tasks are scored with the vectors that were trained.
    Paper: Ruder et al. 2021, arXiv 2104.07412 (XTREME-R).
    """

    task: str = Field(description="a ranking task with training data: lareqa or mewslix")
    source: str | None = Field(None, description="language of the training data; the task's own by default")
    objective: tuple[MethodTable, ...] = Field(
        (MethodTable(use="dual_encoder"),), min_length=1, description="what compares queries with answers"
    )
    max_length: int | None = Field(  # type: ignore[assignment]  # what is usual depends on the task
        None, ge=8, description="tokens each side is cut to; the task's own by default (lareqa: 96 and 256)"
    )
    train_limit: int | None = Field(None, ge=1, description="training examples, at most, drawn by the seed")
    seed: int = Field(0, description="own seed, so that all seeds of a recipe share the stage")
    per_seed: bool = Field(False, description="train anew for every seed of the recipe")
